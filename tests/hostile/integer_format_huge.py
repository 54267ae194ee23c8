# expect: exception ValueError | class: integer
f"{1 << 100_000}"
