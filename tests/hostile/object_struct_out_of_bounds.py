# expect: ok | class: object | stdout: done
import struct

b = bytearray(8)
for offset in (-100, 8, 7, 2**31, -(2**63), 2**64):
    for act in (lambda: struct.pack_into("<Q", b, offset, 1), lambda: struct.unpack_from("<Q", b, offset)):
        try:
            act()
        except (struct.error, OverflowError, IndexError):
            pass
print("done")
