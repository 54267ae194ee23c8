# expect: ok | class: result | function: main
class Liar(float):
    def __repr__(self):
        return "NaN"

    __str__ = __float__ = __repr__


def main():
    return Liar(1.5)
