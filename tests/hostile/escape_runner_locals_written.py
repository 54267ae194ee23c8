# expect: ok | class: escape | function: main
"""The encoder is a local of the runner's frames."""
import sys


def main():
    frame = sys._getframe().f_back
    while frame:
        try:
            frame.f_locals["encode"] = lambda value: '"forged"'
        except TypeError:
            pass
        frame = frame.f_back
    return "x"
