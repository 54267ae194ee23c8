# expect: exception RecursionError | class: recursion | timeout: 10
"""super(self.__class__, self), the classic mistake."""


class A:
    def go(self):
        pass


class B(A):
    def go(self):
        super(self.__class__, self).go()


class C(B):
    pass


try:
    C().go()
except RecursionError:
    raise RecursionError("caught") from None
