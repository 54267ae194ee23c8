# expect: timeout | class: loop | timeout: 0.4
"""No Python bytecode runs inside sum over count."""
import itertools

sum(itertools.count())
