# expect: exception RecursionError | class: recursion | timeout: 20
"""Each generator pulls from the one before."""


def step(source):
    for item in source:
        yield item


chain = iter([1])
for _ in range(50_000):
    chain = step(chain)
next(chain)
