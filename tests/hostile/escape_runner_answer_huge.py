# expect: ok | class: escape | function: main | timeout: 10
"""Two megabytes that no encoder has seen."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":"' + "x" * 2_000_000 + '"}'
    raise ValueError
