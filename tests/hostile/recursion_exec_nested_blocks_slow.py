# expect: timeout | class: recursion | timeout: 0.4
"""The time grows with the third power of the depth."""
exec("\n".join(" " * n + "if 1:" for n in range(2_000)) + "\n" + " " * 2_000 + "pass")
