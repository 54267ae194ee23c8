# expect: exception OverflowError | class: integer
float(1 << 10_000)
