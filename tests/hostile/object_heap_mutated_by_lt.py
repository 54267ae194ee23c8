# expect: exception RuntimeError | class: object
import heapq


class Thing:
    def __lt__(self, other):
        h.clear()
        return True


h = [Thing() for _ in range(10)]
heapq.heapify(h)
