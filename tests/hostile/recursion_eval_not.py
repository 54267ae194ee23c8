# expect: exception RecursionError | class: recursion | timeout: 10
eval("not " * 100_000 + "1")
