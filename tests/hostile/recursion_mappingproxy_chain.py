# expect: exception RecursionError | class: recursion | timeout: 10
import types

p = {}
for _ in range(100_000):
    p = types.MappingProxyType(p)
len(p)
