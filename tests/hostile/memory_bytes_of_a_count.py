# expect: memory_limit MemoryError | class: memory
bytes(10**9)
