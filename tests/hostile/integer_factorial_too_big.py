# expect: exception OverflowError | class: integer
import math

math.factorial(10**30)
