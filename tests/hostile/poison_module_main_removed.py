# expect: ok | class: poison | function: main
import sys


def main():
    sys.modules.pop("__main__", None)
    sys.modules.pop("program", None)
    globals().clear()
    return "x"
