# expect: ok | class: escape | function: main
"""A million digits are JSON still: nobody may turn them into a float."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":' + "9" * 1_000_000 + "}"
    raise ValueError
