# expect: exception TypeError | class: result | function: main
class Meta(type):
    @property
    def __name__(cls):
        while True:
            pass


class Tar(metaclass=Meta):
    pass


def main():
    return Tar()
