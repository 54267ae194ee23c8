# expect: exception RecursionError | class: recursion | timeout: 10
class Loop(dict):
    def __missing__(self, key):
        return self[key]


try:
    Loop()[0]
except RecursionError:
    raise RecursionError("caught") from None
