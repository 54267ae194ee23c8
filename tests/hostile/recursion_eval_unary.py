# expect: exception RecursionError | class: recursion | timeout: 10
eval("-" * 100_000 + "1")
