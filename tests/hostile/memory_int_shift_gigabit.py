# expect: memory_limit MemoryError | class: memory
1 << (8 * 10**9 // 4)
