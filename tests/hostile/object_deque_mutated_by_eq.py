# expect: exception RuntimeError | class: object
from collections import deque


class Thing:
    def __eq__(self, other):
        d.clear()
        return False


d = deque([Thing() for _ in range(10)])
d.index(5)
