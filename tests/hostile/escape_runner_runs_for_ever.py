# expect: timeout | class: escape | function: main | timeout: 0.4
import sys


def forever(*a):
    while True:
        pass


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["flush"] = forever
    return 1
