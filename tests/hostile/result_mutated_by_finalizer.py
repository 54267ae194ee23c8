# expect: ok | class: result | function: main
"""The list is emptied while its last holder goes."""


class Grave:
    def __init__(self, a):
        self.a = a

    def __del__(self):
        self.a.clear()


def main():
    a = list(range(100))
    local = Grave(a)
    return a
