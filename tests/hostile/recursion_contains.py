# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    def __contains__(self, item):
        return item in self


try:
    1 in Loop()
except RecursionError:
    raise RecursionError("caught") from None
