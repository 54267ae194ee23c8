# expect: ok | class: poison | function: main
"""The answer is written with the stack nearly used up."""
import sys


def main():
    sys.setrecursionlimit(sys.getrecursionlimit())
    limit = len(__import__("inspect").stack()) + 3
    try:
        sys.setrecursionlimit(limit)
    except RecursionError:
        pass
    return [[[[1]]]]
