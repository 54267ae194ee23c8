# expect: timeout | class: integer | timeout: 0.4
import math

a = b = 1
while True:
    a, b = a + b, a
    math.gcd(a << 20_000, b)
