# expect: exception RecursionError | class: recursion | timeout: 20
import copy

a = []
for _ in range(20_000):
    a = [a]
try:
    copy.deepcopy(a)
except RecursionError:
    raise RecursionError("caught") from None
