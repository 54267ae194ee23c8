# expect: ok | class: recursion | timeout: 20 | stdout: alive
import sys

sys.setrecursionlimit(2**31 - 1)


def f():
    return f()


try:
    f()
except RecursionError:
    pass
print("alive")
