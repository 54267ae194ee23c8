# expect: ok | class: recursion | stdout: done | timeout: 10
last = None
for _ in range(30_000):
    error = ValueError()
    error.__cause__ = last
    last = error
del last, error
print("done")
