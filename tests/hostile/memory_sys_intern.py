# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
import sys
from itertools import count

for n in count():
    sys.intern("x" * 2_000_000 + str(n))
