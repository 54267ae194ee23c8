# expect: exception RecursionError | class: recursion | timeout: 20
import pickle

a = []
for _ in range(20_000):
    a = [a]
try:
    pickle.dumps(a)
except RecursionError:
    raise RecursionError("caught") from None
