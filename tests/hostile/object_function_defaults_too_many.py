# expect: crashed | class: object
def f(a, b=1):
    return a, b


f.__defaults__ = (1,) * 100
f(1)
