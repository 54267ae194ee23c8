# expect: ok | class: recursion | stdout: done | timeout: 10
"""Never run, only freed."""
chain = iter([1])
for _ in range(50_000):
    chain = filter(None, chain)
del chain
print("done")
