# expect: exception RecursionError | class: recursion | timeout: 10
import sys


def f(n):
    if n:
        return f(n - 1)
    sys.setrecursionlimit(5)


f(50)
