# expect: exception TypeError | class: output
print("x", end=5, sep=[], file=None)
