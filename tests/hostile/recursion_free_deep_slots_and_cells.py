# expect: ok | class: recursion | timeout: 10 | stdout: done
import types


class Slot:
    __slots__ = ("next",)


head = None
cell = None
for _ in range(30_000):
    node = Slot()
    node.next = head
    head = node
    cell = types.CellType(cell)
del node, head, cell
print("done")
