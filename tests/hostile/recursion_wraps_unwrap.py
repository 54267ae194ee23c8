# expect: exception ValueError | class: recursion | timeout: 10
import inspect


def f():
    pass


f.__wrapped__ = f
inspect.signature(f)
