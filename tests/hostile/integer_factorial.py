# expect: timeout | class: integer | timeout: 0.4
import math

math.factorial(10**7)
