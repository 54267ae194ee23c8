# expect: memory_limit MemoryError | class: memory
1 << 10**10
