# expect: ok | class: recursion | stdout: done | timeout: 10
class Node:
    pass


head = None
for _ in range(30_000):
    node = Node()
    node.next = head
    head = node
del node, head
print("done")
