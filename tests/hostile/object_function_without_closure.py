# expect: exception TypeError | class: object
import types


def outer():
    x = 1
    return lambda: x


types.FunctionType(outer().__code__, {})()
