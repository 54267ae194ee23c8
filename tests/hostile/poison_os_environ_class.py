# expect: ok | class: poison | function: main
import os


def main():
    os.environ = None
    os.fspath = os.getcwd = lambda *a: 1 / 0
    return 1
