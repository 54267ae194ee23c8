# expect: ok | class: object | timeout: 5
class Key:
    def __hash__(self):
        s.clear()
        s.update(range(50))
        return 3


s = set()
for n in range(100):
    s.add(Key())
