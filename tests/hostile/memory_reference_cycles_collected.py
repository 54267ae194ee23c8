# expect: ok | class: memory | stdout: done | timeout: 20
import gc

for _ in range(2000):
    a = [bytearray(100_000)]
    a.append(a)
    if _ % 100 == 0:
        gc.collect()
print("done")
