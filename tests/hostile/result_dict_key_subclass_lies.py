# expect: ok | class: result | function: main
class Liar(str):
    def __hash__(self):
        return 1

    def __eq__(self, other):
        return False

    def __str__(self):
        return '": 1, "forged'


def main():
    return {Liar("same"): 1, Liar("same"): 2}
