# expect: exception NameError | class: object
"""Suggestions compare with every name there is."""
for n in range(3_000):
    globals()[f"variable_{n}"] = n
variable_x_
