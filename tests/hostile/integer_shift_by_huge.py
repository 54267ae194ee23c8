# expect: exception OverflowError | class: integer
1 << (1 << 100)
