# expect: timeout | class: loop | timeout: 0.4
"""A generator that answers close() with another round."""


def stubborn():
    while True:
        try:
            yield
        finally:
            while True:
                pass


g = stubborn()
next(g)
g.close()
