# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    def __new__(cls):
        return cls()


try:
    Loop()
except RecursionError:
    raise RecursionError("caught") from None
