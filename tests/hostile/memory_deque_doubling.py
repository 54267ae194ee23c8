# expect: memory_limit/exception MemoryError | class: memory | timeout: 20
from collections import deque

d = deque([0])
while True:
    d *= 2
