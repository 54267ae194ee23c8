# expect: timeout | class: integer | timeout: 0.4
"""The limit is the program's to lift; the clock is not."""
import sys

sys.set_int_max_str_digits(0)
n = (1 << 40_000_000) - 1
str(n)
