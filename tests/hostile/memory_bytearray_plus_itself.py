# expect: exception BufferError | class: memory
b = bytearray(b"x")
b += b
