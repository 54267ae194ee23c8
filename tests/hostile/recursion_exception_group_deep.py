# expect: exception ExceptionGroup | class: recursion | timeout: 20
e = ValueError()
for _ in range(2_000):
    e = ExceptionGroup("g", [e])
raise e
