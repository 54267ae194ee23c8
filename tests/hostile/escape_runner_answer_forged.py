# expect: ok | class: escape | function: main
"""The forged answer is no JSON."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["attempt"] = lambda *a: "no JSON at all"
    frame.f_globals["encode"] = lambda value: "no JSON at all"
    frame.f_globals["BROKEN"] = 42
    return "x"
