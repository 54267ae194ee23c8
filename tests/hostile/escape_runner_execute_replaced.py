# expect: exception RuntimeError | class: escape | function: main
"""Everything the runner still needs is made to answer rubbish."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    for name, value in list(frame.f_globals.items()):
        if callable(value) and not isinstance(value, type):
            frame.f_globals[name] = lambda *a: 42
    raise ValueError
