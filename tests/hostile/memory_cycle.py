# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
"""cycle keeps a copy of all that passes through."""
from itertools import count, cycle

for n in cycle(count()):
    pass
