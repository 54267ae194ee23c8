# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
from itertools import repeat

bytearray(20_000_000).extend(repeat(1))
