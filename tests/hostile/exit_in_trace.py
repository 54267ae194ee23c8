# expect: exception SystemExit | class: exit | error: exit code 3
import sys


def trace(frame, event, argument):
    raise SystemExit(3)


sys.settrace(trace)


def f():
    pass


f()
