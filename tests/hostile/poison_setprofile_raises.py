# expect: ok | class: poison | function: main
import sys


def main():
    sys.setprofile(lambda *a: 1 / 0)
    return 1
