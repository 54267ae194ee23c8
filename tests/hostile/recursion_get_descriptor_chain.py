# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    @property
    def here(self):
        return self.here


try:
    Loop().here
except RecursionError:
    raise RecursionError("caught") from None
