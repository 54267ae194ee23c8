# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 104857600
memoryview(bytearray(20_000_000)).tolist()
