# expect: timeout | class: integer | timeout: 0.4
import math

math.comb(10**7, 5 * 10**6)
