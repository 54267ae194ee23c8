# expect: memory_limit MemoryError | class: memory
"x".ljust(10**9)
