# expect: crashed | class: escape
def f(a, b, c):
    return [a, b, c, a + b * c, (a, b, c)]


f.__code__ = f.__code__.replace(co_stacksize=0)
f(1, 2, 3)
