# expect: memory_limit | class: memory | timeout: 20
from collections import deque

d = deque([0])
while True:
    d *= 2
