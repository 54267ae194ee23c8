# expect: ok | class: output
print("\0" * 1_000)
