# expect: timeout | class: integer | timeout: 0.4
n = (1 << 60_000) - 1
pow(3, n, n)
