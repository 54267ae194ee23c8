# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
from collections import deque
from itertools import repeat

deque(repeat("x"))
