# expect: ok | class: poison | function: main
import sys


def main():
    sys.modules.clear()
    return "x"
