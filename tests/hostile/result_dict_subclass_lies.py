# expect: ok | class: result | function: main
"""Whatever the methods say, only what is really inside is sent."""


class Liar(dict):
    def __len__(self):
        return 10**9

    def __iter__(self):
        while True:
            yield "x"

    def items(self):
        while True:
            yield "x", "y"

    keys = values = __iter__


def main():
    return Liar(a=1)
