# expect: ok | class: escape | timeout: 2
import sys


def trace(frame, event, argument):
    try:
        frame.f_lineno = 1
    except ValueError:
        pass
    return trace


def f():
    for n in range(3):
        pass


sys.settrace(trace)
f()
