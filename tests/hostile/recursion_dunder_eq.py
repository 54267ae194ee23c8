# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __eq__(self, other):
        return other == self


try:
    Mirror() == Mirror()
except RecursionError:
    raise RecursionError("caught") from None
