# expect: ok | class: result | function: main
import enum


class Colour(enum.IntEnum):
    RED = 1


def main():
    return [Colour.RED, {Colour.RED: Colour.RED}]
