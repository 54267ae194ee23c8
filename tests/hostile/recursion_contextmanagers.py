# expect: exception RecursionError | class: recursion | timeout: 20
class Loop:
    def __enter__(self):
        with self:
            pass

    def __exit__(self, *error):
        pass


try:
    with Loop():
        pass
except RecursionError:
    raise RecursionError("caught") from None
