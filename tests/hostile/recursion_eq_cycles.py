# expect: exception RecursionError | class: recursion | timeout: 10
a, b = [], []
a.append(b)
b.append(a)
a == b
