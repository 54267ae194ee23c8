# expect: exception RecursionError | class: recursion | timeout: 20
import warnings


def show(*args):
    warnings.warn("again")


warnings.simplefilter("always")
warnings.showwarning = show
try:
    show()
except RecursionError:
    raise RecursionError("caught") from None
