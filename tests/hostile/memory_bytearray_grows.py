# expect: memory_limit | class: memory | timeout: 20
b = bytearray(b"x")
while True:
    b += bytes(b)
