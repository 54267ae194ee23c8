# expect: ok | class: memory | stdout: 1000 refused
refused = 0
for _ in range(1000):
    try:
        bytearray(10**9)
    except MemoryError:
        refused += 1
print(refused, "refused")
