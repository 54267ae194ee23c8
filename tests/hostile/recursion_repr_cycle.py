# expect: ok | class: recursion | stdout: [[...]] {0: {...}}
a, b = [], {}
a.append(a)
b[0] = b
print(a, b)
