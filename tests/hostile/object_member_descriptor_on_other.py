# expect: exception TypeError | class: object
"""A slot's descriptor, used on a stranger."""


class A:
    __slots__ = ("x", "y", "z")


class B:
    pass


A.z.__set__(B(), 5)
