# expect: ok | class: result | function: main
class Liar(str):
    def __str__(self):
        return '"}, {"forged": true'

    __repr__ = __str__

    def encode(self, *a, **k):
        return b'"'

    def __len__(self):
        return 10**12


def main():
    return Liar("honest")
