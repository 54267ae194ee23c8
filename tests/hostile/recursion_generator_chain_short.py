# expect: ok | class: recursion | timeout: 20 | stdout: 1
def step(source):
    for item in source:
        yield item


chain = iter([1])
for _ in range(200):
    chain = step(chain)
print(next(chain))
