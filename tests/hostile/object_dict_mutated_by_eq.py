# expect: ok | class: object | timeout: 5
class Key:
    def __hash__(self):
        return 1

    def __eq__(self, other):
        d.clear()
        return False


d = {Key(): n for n in range(1)}
for n in range(100):
    d[Key()] = n
