# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __getattribute__(self, name):
        return self.name


try:
    Mirror().a
except RecursionError:
    raise RecursionError("caught") from None
