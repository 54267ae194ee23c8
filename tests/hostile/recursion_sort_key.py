# expect: exception RecursionError | class: recursion | timeout: 10
def key(n):
    return sorted([1, 2], key=key)


try:
    sorted([1, 2], key=key)
except RecursionError:
    raise RecursionError("caught") from None
