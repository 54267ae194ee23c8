# expect: exception ValueError | class: loop
"""A generator that runs itself."""


def own():
    yield next(g)


g = own()
next(g)
