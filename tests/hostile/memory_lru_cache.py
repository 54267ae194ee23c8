# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
import functools
from itertools import count


@functools.lru_cache(maxsize=None)
def keep(n):
    return bytearray(10_000)


for n in count():
    keep(n)
