# expect: memory_limit | class: memory | timeout: 20
view = memoryview(bytearray(20_000_000))
keep = [view.tobytes() for _ in range(100)]
