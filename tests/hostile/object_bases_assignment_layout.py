# expect: exception TypeError | class: object
class A(list):
    pass


class B:
    pass


B.__bases__ = (A,)
