# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __repr__(self):
        return repr(self)


try:
    repr(Mirror())
except RecursionError:
    raise RecursionError("caught") from None
