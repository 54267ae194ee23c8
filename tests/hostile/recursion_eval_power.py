# expect: exception RecursionError | class: recursion | timeout: 10
eval("**".join(["x"] * 100_000))
