# expect: ok | class: object | stdout: 4 refused
class Thing:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        raise IndexError


refused = 0
for n in (-1, 10**30, "x", 2.5):
    try:
        len(Thing(n))
    except (ValueError, OverflowError, TypeError):
        refused += 1
print(refused, "refused")
