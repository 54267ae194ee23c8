# expect: memory_limit | class: memory | timeout: 20
import hashlib

hashlib.shake_256(b"x").digest(2**29 - 1)
