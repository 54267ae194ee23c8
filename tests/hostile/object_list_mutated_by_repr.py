# expect: ok | class: object
class Thing:
    def __repr__(self):
        a.clear()
        return "x"


a = [Thing() for _ in range(100)]
repr(a)
