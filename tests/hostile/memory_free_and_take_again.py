# expect: ok | class: memory | stdout: done | timeout: 20
for _ in range(50):
    big = bytearray(30_000_000)
    del big
print("done")
