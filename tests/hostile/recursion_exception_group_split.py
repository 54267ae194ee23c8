# expect: exception RecursionError | class: recursion | timeout: 20
e = ValueError()
for _ in range(20_000):
    e = ExceptionGroup("g", [e])
e.split(KeyError)
