# expect: ok | class: object | stdout: done
class Thing:
    def __index__(self):
        b.clear()
        return 5


for act in (lambda: b.__setitem__(9, Thing()), lambda: b.__setitem__(slice(0, Thing()), b"xyz"), lambda: b.insert(9, Thing()), lambda: b.append(Thing()), lambda: b.pop(Thing()), lambda: b.find(b"x", Thing())):
    b = bytearray(range(10))
    try:
        act()
    except (IndexError, BufferError, ValueError, TypeError):
        pass
print("done")
