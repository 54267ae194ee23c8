# expect: ok | class: escape | function: main
"""The runner's own globals are within reach: what it answers with is not to be trusted, and is not."""
import sys


def main():
    names = []
    frame = sys._getframe()
    while frame:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names
