# expect: crashed | class: escape
def f():
    x = 1
    y = 2
    return x + y


f.__code__ = f.__code__.replace(co_nlocals=0, co_varnames=())
f()
