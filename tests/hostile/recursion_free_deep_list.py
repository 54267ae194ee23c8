# expect: ok | class: recursion | stdout: done | timeout: 10
a = []
for _ in range(100_000):
    a = [a]
del a
print("done")
