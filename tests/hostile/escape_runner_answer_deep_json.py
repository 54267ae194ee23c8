# expect: output_limit | class: escape | function: main
"""The host reads this JSON: a parser that calls itself would fall."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":' + "[" * 1_000_000
    raise ValueError
