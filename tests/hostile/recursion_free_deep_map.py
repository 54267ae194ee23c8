# expect: ok | class: recursion | timeout: 10 | stdout: done
chain = iter([1])
for _ in range(50_000):
    chain = map(abs, chain)
del chain
print("done")
