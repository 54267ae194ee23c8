# expect: ok | class: integer | stdout: 25003
print(len(hex(1 << 100_000)))
