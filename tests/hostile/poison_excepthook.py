# expect: timeout | class: poison | timeout: 0.4
import sys


def forever(*a):
    while True:
        pass


sys.excepthook = sys.unraisablehook = forever
raise ValueError("x")
