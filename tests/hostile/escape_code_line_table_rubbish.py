# expect: exception ZeroDivisionError | class: escape
def f():
    1 / 0


try:
    f.__code__ = f.__code__.replace(co_linetable=b"\xff\x00\x80" * 20, co_firstlineno=2**31 - 1)
except (TypeError, ValueError, NotImplementedError, OverflowError):
    pass
f()
