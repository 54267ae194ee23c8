# expect: timeout | class: recursion | timeout: 0.4
"""Each level tries again: 2 ** 1000 calls."""


def f():
    try:
        f()
    except RecursionError:
        f()


f()
