# expect: memory_limit MemoryError | class: memory
"x" * 10**9
