# expect: ok | class: output | output_bytes: 5000
import sys

for _ in range(1_000):
    print("out")
    print("err", file=sys.stderr)
