# expect: memory_limit MemoryError | class: memory
(1).to_bytes(10**9, "big")
