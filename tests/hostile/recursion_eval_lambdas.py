# expect: exception RecursionError | class: recursion | timeout: 10
eval("lambda:" * 10_000 + "1")
