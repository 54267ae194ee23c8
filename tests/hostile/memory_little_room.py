# expect: memory_limit | class: memory | memory_bytes: 83886080 | timeout: 20
keep = []
while True:
    keep.append("x" * 5_000_000 + "y")
