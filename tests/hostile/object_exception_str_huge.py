# expect: exception ValueError | class: object | timeout: 10
raise ValueError("x" * 500_000)
