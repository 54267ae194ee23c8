# expect: exception TypeError | class: poison
import sys

sys.settrace(42)


def f():
    pass


f()
