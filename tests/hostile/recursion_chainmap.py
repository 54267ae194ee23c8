# expect: exception RecursionError | class: recursion | timeout: 10
import collections

c = {}
for _ in range(5_000):
    c = collections.ChainMap(c)
try:
    c["x"]
except RecursionError:
    raise RecursionError("caught") from None
