# expect: timeout | class: loop | timeout: 0.4
from itertools import cycle

for pair in zip(cycle("ab"), cycle("cd")):
    pass
