# expect: ok | class: poison | function: main
import os


def main():
    os.urandom = lambda n: "x"
    vars(os).clear()
    return "x"
