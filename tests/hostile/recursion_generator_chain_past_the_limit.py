# expect: exception RecursionError | class: recursion | timeout: 20
def step(source):
    for item in source:
        yield item


chain = iter([1])
for _ in range(1_500):
    chain = step(chain)
try:
    next(chain)
except RecursionError:
    raise RecursionError("caught") from None
