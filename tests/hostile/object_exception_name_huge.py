# expect: exception | class: object | timeout: 10
raise type("X" * 1_000_000, (Exception,), {})
