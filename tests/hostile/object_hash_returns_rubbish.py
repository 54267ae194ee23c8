# expect: exception TypeError | class: object
class Thing:
    def __hash__(self):
        return "x"


{Thing()}
