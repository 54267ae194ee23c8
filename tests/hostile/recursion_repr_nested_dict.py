# expect: exception RecursionError | class: recursion | timeout: 10
a = {}
for _ in range(50_000):
    a = {0: a}
str(a)
