# expect: exception RecursionError | class: recursion | timeout: 10
import operator


class Loop:
    def __index__(self):
        return operator.index(self)


try:
    [1][Loop()]
except RecursionError:
    raise RecursionError("caught") from None
