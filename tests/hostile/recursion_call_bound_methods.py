# expect: exception RecursionError | class: recursion | timeout: 10
import types

f = int
for _ in range(50_000):
    f = types.MethodType(f, 1)
f()
