# expect: exception RecursionError | class: recursion | timeout: 10
"""Equality of two aliases, all the way down."""
a = b = int
for _ in range(20_000):
    a, b = list[a], list[b]
a == b
