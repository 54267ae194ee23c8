# expect: exception ValueError | class: poison
import sys


def forever(*a):
    while True:
        pass


sys.excepthook = sys.unraisablehook = forever
raise ValueError("x")
