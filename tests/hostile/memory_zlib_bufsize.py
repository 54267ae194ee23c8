# expect: memory_limit | class: memory
"""The buffer's size is the caller's to say."""
import zlib

zlib.decompress(zlib.compress(b"x"), bufsize=2**31 - 1)
