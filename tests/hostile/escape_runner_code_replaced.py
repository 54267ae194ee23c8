# expect: exception RuntimeError | class: escape | function: main
"""The function that runs is given other code."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    space = frame.f_globals
    space["attempt"].__code__ = (lambda job, encode: 42).__code__
    space["flush"].__code__ = (lambda: 1 / 0).__code__
    return "x"
