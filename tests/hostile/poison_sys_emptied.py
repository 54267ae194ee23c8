# expect: ok | class: poison | function: main
import sys


def main():
    vars(sys).clear()
    return "x"
