# expect: exception RecursionError | class: recursion | timeout: 10
eval("x" + ".a" * 100_000)
