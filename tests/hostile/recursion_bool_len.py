# expect: exception RecursionError | class: recursion | timeout: 10
class Loop:
    def __len__(self):
        return len(self)


try:
    bool(Loop())
except RecursionError:
    raise RecursionError("caught") from None
