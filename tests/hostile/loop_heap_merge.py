# expect: timeout | class: loop | timeout: 0.4
import heapq
from itertools import count

for n in heapq.merge(count(), count()):
    pass
