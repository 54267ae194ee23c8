# expect: exception RecursionError | class: recursion | timeout: 20
import functools


@functools.cache
def f(n):
    return f(n + 1)


try:
    f(0)
except RecursionError:
    raise RecursionError("caught") from None
