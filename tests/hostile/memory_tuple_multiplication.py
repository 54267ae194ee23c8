# expect: exception MemoryError | class: memory
(0,) * 10**9
