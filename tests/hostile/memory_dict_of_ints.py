# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
from itertools import count

dict(zip(count(), count()))
