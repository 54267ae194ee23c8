# expect: ok | class: object | stdout: done
import itertools
from collections import deque

for it in (iter([1, 2]), iter((1, 2)), iter("ab"), iter(range(3)), iter(b"ab"), reversed([1, 2]), itertools.cycle([1]), itertools.count(), iter(bytearray(2))):
    for state in (-(10**18), 10**18, -1, 2**100, "x", None, ([], -5)):
        try:
            it.__setstate__(state)
            next(it, None)
        except (TypeError, OverflowError, ValueError, AttributeError):
            pass
print("done")
