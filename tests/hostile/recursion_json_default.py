# expect: exception RecursionError | class: recursion | timeout: 20
import json


class Thing:
    pass


try:
    json.dumps(Thing(), default=lambda o: [Thing()])
except RecursionError:
    raise RecursionError("caught") from None
