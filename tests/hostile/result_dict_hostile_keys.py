# expect: exception TypeError | class: result | function: main | error: key
class Tar:
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def main():
    return {Tar(): 1}
