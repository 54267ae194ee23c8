# expect: exception ValueError | class: memory
import hashlib

hashlib.shake_256(b"x").digest(2**29)
