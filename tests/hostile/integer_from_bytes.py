# expect: ok | class: integer | stdout: 8000000
print(int.from_bytes(b"\xff" * 1_000_000, "little").bit_length())
