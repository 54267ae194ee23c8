# expect: exception RecursionError | class: recursion | timeout: 10
try:
    (lambda f: f(f))(lambda f: f(f))
except RecursionError:
    raise RecursionError("caught") from None
