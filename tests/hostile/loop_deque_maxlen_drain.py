# expect: timeout | class: loop | timeout: 0.4
"""The usual way to drain an iterator in C."""
from collections import deque
from itertools import count

deque(count(), maxlen=0)
