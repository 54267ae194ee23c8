# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __setattr__(self, name, value):
        self.name = value


try:
    Mirror().a = 1
except RecursionError:
    raise RecursionError("caught") from None
