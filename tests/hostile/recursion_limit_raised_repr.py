# expect: exception RecursionError | class: recursion | timeout: 20
"""Nothing but native frames."""
import sys

sys.setrecursionlimit(10**9)
a = []
for _ in range(100_000):
    a = [a]
repr(a)
