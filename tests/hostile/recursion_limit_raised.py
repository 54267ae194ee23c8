# expect: timeout | class: recursion | timeout: 1
"""The limit is the program's to raise; the stack is not. The long part is the traceback."""
import sys

sys.setrecursionlimit(10**9)


def f():
    return f()


f()
