# expect: exception RecursionError | class: recursion | timeout: 10
from collections import deque

a = deque()
for _ in range(50_000):
    a = deque([a])
repr(a)
