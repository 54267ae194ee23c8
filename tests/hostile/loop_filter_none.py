# expect: timeout | class: loop | timeout: 0.4
from itertools import repeat

next(filter(None, repeat(0)))
