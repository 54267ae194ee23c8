# expect: exception RecursionError | class: recursion | timeout: 10
a, b = [], []
for _ in range(50_000):
    a, b = [a], [b]
a == b
