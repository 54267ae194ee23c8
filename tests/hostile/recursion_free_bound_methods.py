# expect: ok | class: recursion | stdout: done | timeout: 10
import types

f = print
for _ in range(50_000):
    f = types.MethodType(f, 1)
del f
print("done")
