# expect: exception RecursionError | class: recursion | timeout: 20
"""The same with nothing but native frames."""
chain = iter([1])
for _ in range(50_000):
    chain = map(abs, chain)
next(chain)
