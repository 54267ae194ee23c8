# expect: exception ZeroDivisionError | class: escape
def f():
    try:
        1 / 0
    except ZeroDivisionError:
        return 1


f.__code__ = f.__code__.replace(co_exceptiontable=b"\xff\x7f\x00" * 20)
f()
