# expect: exception RuntimeError | class: loop
d = {0: 0}
for key in d:
    d[key + 1] = 0
