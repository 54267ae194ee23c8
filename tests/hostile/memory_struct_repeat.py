# expect: memory_limit MemoryError | class: memory
import struct

struct.pack("2000000000x")
