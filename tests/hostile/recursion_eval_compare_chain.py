# expect: exception NameError | class: recursion | timeout: 10
"""Long, not deep."""
eval("<".join(["x"] * 2_000))
