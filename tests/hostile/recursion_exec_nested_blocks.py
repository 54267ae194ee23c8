# expect: ok | class: recursion | timeout: 20
"""CPython refuses at a hundred levels."""
exec("\n".join(" " * n + "if 1:" for n in range(300)) + "\n" + " " * 300 + "pass")
