# expect: exception TypeError | class: object
class Thing:
    def __format__(self, spec):
        return 5


f"{Thing()}"
