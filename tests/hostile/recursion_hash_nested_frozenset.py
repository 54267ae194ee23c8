# expect: ok | class: recursion | timeout: 10
"""A frozenset may keep its hash: then this is shallow."""
a = frozenset()
for _ in range(30_000):
    a = frozenset([a])
hash(a)
