# expect: ok | class: output | output_bytes: 1000
"""A megabyte is written, a thousand bytes are kept."""
for _ in range(1_000):
    print("x" * 1_000)
