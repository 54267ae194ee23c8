# expect: exception RecursionError | class: recursion | timeout: 10
a = ()
for _ in range(100_000):
    a = (a,)
hash(a)
