# expect: exception RecursionError | class: recursion | timeout: 10
def gen():
    yield from gen()


try:
    next(gen())
except RecursionError:
    raise RecursionError("caught") from None
