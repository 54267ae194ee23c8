# expect: exception RecursionError | class: recursion | timeout: 10
from collections import UserList

u = UserList()
u.data = u
try:
    len(u)
except RecursionError:
    raise RecursionError("caught") from None
