# expect: memory_limit MemoryError | class: integer | timeout: 0.4
pow(7, 10**9)
