# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __hash__(self):
        return hash((self,))


try:
    hash(Mirror())
except RecursionError:
    raise RecursionError("caught") from None
