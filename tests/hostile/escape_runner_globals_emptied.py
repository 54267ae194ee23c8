# expect: exception RuntimeError | class: escape | function: main
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals.clear()
    return "x"
