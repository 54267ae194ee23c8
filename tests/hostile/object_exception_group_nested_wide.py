# expect: exception ExceptionGroup | class: object | timeout: 20
g = ValueError("leaf")
for _ in range(5):
    g = ExceptionGroup("g" * 100, [g] * 3)
raise g
