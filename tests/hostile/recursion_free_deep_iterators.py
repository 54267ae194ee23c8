# expect: ok | class: recursion | timeout: 10 | stdout: done
import itertools

for kind in (zip, enumerate, reversed, itertools.chain, itertools.cycle, itertools.pairwise):
    deep = [1, 2]
    for _ in range(2_000):
        deep = [kind(deep)] if kind is not reversed else [reversed(deep)]
del deep
print("done")
