# expect: ok | class: result | function: main
class Liar(int):
    def __str__(self):
        return '5, "forged": true'

    __repr__ = __format__ = __str__

    def __index__(self):
        raise SystemExit


def main():
    return Liar(3)
