# expect: memory_limit MemoryError | class: memory
"1".zfill(2**31 - 1)
