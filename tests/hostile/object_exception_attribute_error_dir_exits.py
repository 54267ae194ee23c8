# expect: exception AttributeError | class: object
class Tar:
    def __dir__(self):
        raise SystemExit(0)


Tar().anything
