# expect: exception TypeError | class: result | function: main
class main:
    def __new__(cls):
        return cls
