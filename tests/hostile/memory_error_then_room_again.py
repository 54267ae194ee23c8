# expect: ok | class: memory | stdout: True 1000 | timeout: 20
"""What was hoarded is given back when the function ends."""


def hoard():
    keep = []
    try:
        while True:
            keep.append(bytearray(5_000_000))
    except MemoryError:
        return len(keep) > 2


full = hoard()
print(full, len(bytearray(1000)))
