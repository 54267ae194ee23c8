# expect: exception ValueError | class: poison
import sys


class Tar(dict):
    def __getitem__(self, key):
        raise SystemExit(0)

    get = __contains__ = __getitem__


sys.modules = Tar(sys.modules)
raise ValueError("x")
