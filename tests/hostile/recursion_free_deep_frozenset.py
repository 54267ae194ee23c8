# expect: ok | class: recursion | timeout: 10 | stdout: done
a = frozenset()
for _ in range(10_000):
    a = frozenset([a])
del a
print("done")
