# expect: exception TypeError | class: result | function: main
class Tar:
    __call__ = None


main = Tar()
