# expect: exception BufferError | class: object
b = bytearray(100)
m = memoryview(b)
b.clear()
