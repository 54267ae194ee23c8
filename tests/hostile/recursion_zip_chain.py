# expect: exception RecursionError | class: recursion | timeout: 20
z = iter([1])
for _ in range(50_000):
    z = zip(z)
next(z)
