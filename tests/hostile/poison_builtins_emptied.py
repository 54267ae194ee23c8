# expect: ok | class: poison | function: main
import builtins


def main():
    vars(builtins).clear()
    return "x"
