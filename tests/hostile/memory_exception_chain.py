# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
last = None
while True:
    error = ValueError(bytearray(500_000))
    error.__context__ = last
    last = error
