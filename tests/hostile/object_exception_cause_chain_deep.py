# expect: exception ValueError | class: object | timeout: 20
last = None
for n in range(1_500):
    error = ValueError(n)
    error.__cause__ = last
    last = error
raise last
