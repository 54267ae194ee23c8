# expect: ok | class: output | output_bytes: 1000
print("x" * 5_000_000)
