# expect: memory_limit | class: loop | timeout: 30
from itertools import cycle

max(cycle((1, 2, 3)))
