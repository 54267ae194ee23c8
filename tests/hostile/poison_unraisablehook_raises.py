# expect: ok | class: poison
import sys


class Grave:
    def __del__(self):
        1 / 0


def hook(info):
    raise SystemExit(9)


sys.unraisablehook = hook
Grave()
