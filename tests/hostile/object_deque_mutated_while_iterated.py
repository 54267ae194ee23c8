# expect: exception RuntimeError | class: object
from collections import deque

d = deque([1, 2, 3])
for n in d:
    d.append(n)
