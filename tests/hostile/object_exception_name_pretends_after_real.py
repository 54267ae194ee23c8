# expect: memory_limit MemoryError | class: object
try:
    bytearray(10**9)
except MemoryError:
    pass
raise type("MemoryError", (Exception,), {})
