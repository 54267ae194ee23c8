# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __getattr__(self, name):
        return getattr(self, name + "x")


Mirror().a
