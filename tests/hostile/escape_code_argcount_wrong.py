# expect: ok | class: escape
def f():
    return 1


f.__code__ = f.__code__.replace(co_argcount=100)
f(*range(100))
