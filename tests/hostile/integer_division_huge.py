# expect: timeout | class: integer | timeout: 0.4
n = (1 << 20_000_000) - 1
d = (1 << 10_000_000) - 3
while True:
    n // d
