# expect: ok | class: recursion | stdout: 5 refused
import sys

refused = 0
for n in (0, -1, 10**30, "x", 2.5):
    try:
        sys.setrecursionlimit(n)
    except (ValueError, OverflowError, TypeError):
        refused += 1
print(refused, "refused")
