# expect: timeout | class: integer | timeout: 0.4
import math

while True:
    math.isqrt((1 << 100_000) - 1)
