# expect: exception TypeError | class: object
class A:
    __slots__ = ("a", "b", "c")


class B(list):
    pass


a = A()
a.__class__ = B
a.append(1)
