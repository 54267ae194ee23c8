# expect: crashed | class: escape
def f():
    return [1000001, "x", print]


f.__code__ = f.__code__.replace(co_consts=(), co_names=())
f()
