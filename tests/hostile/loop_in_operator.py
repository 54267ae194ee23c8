# expect: timeout | class: loop | timeout: 0.4
from itertools import count

-1 in count()
