# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    def __init__(self):
        super().__init__()
        self.__init__()


try:
    Loop()
except RecursionError:
    raise RecursionError("caught") from None
