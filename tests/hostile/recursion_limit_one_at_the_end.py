# expect: ok | class: recursion | function: main
"""The runner has little room left to answer in."""
import sys


def main():
    for n in range(1, 100):
        try:
            sys.setrecursionlimit(n)
            return n
        except RecursionError:
            pass
