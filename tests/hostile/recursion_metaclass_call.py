# expect: exception RecursionError | class: recursion | timeout: 10
class Meta(type):
    def __call__(cls):
        return cls()


class Loop(metaclass=Meta):
    pass


try:
    Loop()
except RecursionError:
    raise RecursionError("caught") from None
