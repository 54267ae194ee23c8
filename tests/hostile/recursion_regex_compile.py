# expect: exception RecursionError | class: regex | timeout: 20
import re

try:
    re.compile("(" * 1_500 + ")" * 1_500)
except RecursionError:
    raise RecursionError("caught") from None
