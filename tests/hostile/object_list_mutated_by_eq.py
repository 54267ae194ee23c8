# expect: ok | class: object
class Thing:
    def __eq__(self, other):
        a.clear()
        return False


a = [Thing() for _ in range(100)]
5 in a
a.extend(Thing() for _ in range(10))
a == [5] * 10
a.extend(Thing() for _ in range(10))
a.count(7)
try:
    a.remove(7)
except ValueError:
    pass
