# expect: exception RecursionError | class: recursion | timeout: 10
types = (int,)
for _ in range(100_000):
    types = (types,)
isinstance("x", types)
