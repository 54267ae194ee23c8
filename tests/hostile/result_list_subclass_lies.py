# expect: ok | class: result | function: main
class Liar(list):
    def __len__(self):
        return -5

    def __iter__(self):
        while True:
            yield self

    def __getitem__(self, index):
        return self


def main():
    return Liar([1, 2, 3])
