# expect: memory_limit MemoryError | class: memory
bytearray(2 * 10**9)
