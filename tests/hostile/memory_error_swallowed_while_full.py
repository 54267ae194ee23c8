# expect: memory_limit | class: memory | timeout: 5
"""Full to the brim, and on it goes."""
keep = []
while True:
    try:
        keep.append(bytearray(100_000))
    except MemoryError:
        keep.append(None)
