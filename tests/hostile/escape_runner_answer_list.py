# expect: crashed | class: escape | function: main
"""serde reads a list where an object is due: its first member is the value."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '[{"exception": 5}]'
    raise ValueError
