# expect: exception RecursionError | class: recursion | timeout: 10
"""enumerate over enumerate over ..."""
e = iter("a")
for _ in range(50_000):
    e = enumerate(e)
next(e)
