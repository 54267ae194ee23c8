# expect: timeout | class: integer | timeout: 0.4 | memory_bytes: 268435456
10 ** 10 ** 8
