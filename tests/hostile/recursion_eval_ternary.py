# expect: exception RecursionError | class: recursion | timeout: 10
eval("1 if x else " * 100_000 + "1")
