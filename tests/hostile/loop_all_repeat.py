# expect: timeout | class: loop | timeout: 0.4
from itertools import repeat

all(repeat(True))
