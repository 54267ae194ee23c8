# expect: exception TypeError | class: object
class Thing:
    def __bool__(self):
        return 5


bool(Thing())
