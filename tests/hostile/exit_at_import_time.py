# expect: ok | class: exit | function: main
import sys

sys.exit(0)


def main():
    return "never"
