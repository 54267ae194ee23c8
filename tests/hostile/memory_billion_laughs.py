# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
"""Small as objects, endless as text."""
lol = ["lol" * 1000]
for _ in range(30):
    lol = [lol] * 10
repr(lol)
