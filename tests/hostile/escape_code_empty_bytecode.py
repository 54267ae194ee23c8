# expect: crashed | class: escape
def f():
    return 1


f.__code__ = f.__code__.replace(co_code=b"")
f()
