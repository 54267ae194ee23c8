# expect: ok | class: recursion | timeout: 10 | stdout: done
import functools
import types

a, b, c = {}, print, slice(0)
for _ in range(10_000):
    a, b, c = types.MappingProxyType({0: a}), functools.partial(print, b), slice(c)
del a, b, c
print("done")
