import math
try:
    math.sqr(2)
except AttributeError as e:
    print(e)
class A:
    def __init__(self): self.total = 1
print(A().totl)
