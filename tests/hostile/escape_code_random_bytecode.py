# expect: exception ValueError | class: escape
import random

random.seed(3)


def f():
    return 1


f.__code__ = f.__code__.replace(co_code=bytes(random.randrange(256) for _ in range(64)))
f()
