# expect: exception RecursionError | class: recursion | timeout: 20
import itertools

c = iter([1])
for _ in range(100_000):
    c = itertools.chain(c, [1])
next(c)
