# expect: timeout | class: loop | timeout: 0.4
import itertools

sum(1 for order in itertools.permutations(range(40)))
