# expect: crashed | class: escape | function: main
"""NaN is no JSON, whoever writes it."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":[NaN]}'
    raise ValueError
