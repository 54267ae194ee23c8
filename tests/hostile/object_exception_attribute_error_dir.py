# expect: exception AttributeError | class: object
class Tar:
    def __dir__(self):
        return [5, None, "\ud800", object()]


Tar().anything
