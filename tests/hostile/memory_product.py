# expect: memory_limit | class: memory | timeout: 20
from itertools import count, product

product(count(), repeat=2)
