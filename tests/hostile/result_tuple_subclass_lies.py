# expect: ok | class: result | function: main
from collections import namedtuple


class Liar(namedtuple("P", "x y")):
    def __iter__(self):
        raise SystemExit

    def __len__(self):
        raise MemoryError


def main():
    return Liar(1, 2)
