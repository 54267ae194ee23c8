# expect: memory_limit MemoryError | class: memory
[0] * 10**8
