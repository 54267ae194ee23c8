# expect: exception TypeError | class: object
class Thing:
    def __buffer__(self, flags):
        return 42


memoryview(Thing())
