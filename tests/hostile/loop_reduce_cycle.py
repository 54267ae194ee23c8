# expect: timeout | class: loop | timeout: 0.4
import functools
import itertools
import operator

functools.reduce(operator.and_, itertools.cycle([True]))
