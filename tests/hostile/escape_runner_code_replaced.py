# expect: exception RuntimeError | class: escape | function: main
"""The function that runs is given other code."""
import sys


def main():
    space = sys.monitoring.use_tool_id.__globals__
    space["tell"].__code__ = (lambda error, encode: 42).__code__
    space["flush"].__code__ = (lambda: 1 / 0).__code__
    raise ValueError
