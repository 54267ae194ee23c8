# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
hoard = []
while True:
    hoard.append(type("X", (), {"here": bytearray(200_000)}))
