# expect: ok | class: recursion | stdout: done | timeout: 10
a = {}
for _ in range(50_000):
    a = {0: a}
del a
print("done")
