# expect: exception RecursionError | class: recursion | timeout: 10
eval("x" + "[0]" * 100_000)
