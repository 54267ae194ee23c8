# expect: exception RecursionError | class: recursion | timeout: 20
import json


def hook(value):
    return json.loads("{}", object_hook=hook)


try:
    hook(0)
except RecursionError:
    raise RecursionError("caught") from None
