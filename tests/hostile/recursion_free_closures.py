# expect: ok | class: recursion | stdout: done | timeout: 10
def wrap(f):
    return lambda: f


f = None
for _ in range(30_000):
    f = wrap(f)
del f
print("done")
