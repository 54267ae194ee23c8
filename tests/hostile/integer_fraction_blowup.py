# expect: timeout | class: integer | timeout: 0.4
from fractions import Fraction

x = Fraction(3, 7)
while True:
    x = x * x + Fraction(1, 11)
