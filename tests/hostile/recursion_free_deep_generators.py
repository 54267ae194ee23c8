# expect: exception RecursionError | class: recursion | timeout: 10
def step(source):
    for item in source:
        yield item


chain = iter([1])
for _ in range(100_000):
    chain = step(chain)
del chain
print("done")
