# expect: ok | class: result | function: main
import sys
import types


class Module(types.ModuleType):
    def __getattribute__(self, name):
        raise SystemExit(3)


def main():
    return "here"


sys.modules[__name__].__class__ = Module
