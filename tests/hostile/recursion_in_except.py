# expect: exception RecursionError | class: recursion | timeout: 20
def f():
    try:
        1 / 0
    except ZeroDivisionError:
        f()


try:
    f()
except RecursionError:
    raise RecursionError("caught") from None
