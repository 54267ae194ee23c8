# expect: exception IndexError | class: object
import bisect


class Thing:
    def __lt__(self, other):
        a.clear()
        return True


a = [Thing() for _ in range(10)]
bisect.insort(a, Thing())
