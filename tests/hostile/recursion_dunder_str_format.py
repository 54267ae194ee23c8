# expect: exception RecursionError | class: recursion | timeout: 10
class Mirror:
    def __str__(self):
        return f"{self}"


try:
    str(Mirror())
except RecursionError:
    raise RecursionError("caught") from None
