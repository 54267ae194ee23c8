# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    def __iter__(self):
        return iter(self)


try:
    list(Loop())
except RecursionError:
    raise RecursionError("caught") from None
