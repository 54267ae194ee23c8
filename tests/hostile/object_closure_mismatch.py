# expect: exception ValueError | class: object
def outer():
    x = 1

    def inner():
        return x

    return inner


def plain():
    pass


plain.__code__ = outer().__code__
plain()
