# expect: ok | class: object | stdout: done
class Thing:
    def __index__(self):
        a.clear()
        return 5


for act in (lambda: a[Thing()], lambda: a.pop(Thing()), lambda: a.insert(Thing(), 1), lambda: a[Thing() : 10], lambda: a.__setitem__(Thing(), 1), lambda: a.__delitem__(Thing()), lambda: a * Thing()):
    a = list(range(10))
    try:
        act()
    except IndexError:
        pass
print("done")
