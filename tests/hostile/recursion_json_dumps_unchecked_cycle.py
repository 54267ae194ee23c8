# expect: exception RecursionError | class: recursion | timeout: 20
import json

a = []
a.append(a)
try:
    json.dumps(a, check_circular=False)
except RecursionError:
    raise RecursionError("caught") from None
