# expect: exception RecursionError | class: recursion | timeout: 10
eval("x" + "()" * 100_000)
