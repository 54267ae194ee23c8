# expect: timeout | class: poison | timeout: 0.4
import sys


class Grave:
    def __del__(self):
        1 / 0


def hook(info):
    while True:
        pass


sys.unraisablehook = hook
Grave()
