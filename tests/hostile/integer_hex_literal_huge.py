# expect: ok | class: integer | stdout: 400000
exec("n = 0x" + "f" * 100_000)
print(n.bit_length())
