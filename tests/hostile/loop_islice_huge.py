# expect: timeout | class: loop | timeout: 0.4
import itertools

next(itertools.islice(itertools.repeat(0), 2**31 - 1, None))
next(itertools.islice(itertools.repeat(0), 2**31 - 1, None))
