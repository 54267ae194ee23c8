# expect: exception RecursionError | class: regex | timeout: 20
import re


def again(match):
    return re.sub("a", again, "a")


try:
    re.sub("a", again, "a")
except RecursionError:
    raise RecursionError("caught") from None
