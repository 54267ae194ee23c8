# expect: timeout | class: loop | timeout: 0.4
import itertools

next(itertools.dropwhile(lambda n: True, itertools.repeat(0)))
