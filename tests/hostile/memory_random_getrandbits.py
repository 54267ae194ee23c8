# expect: memory_limit | class: memory
import random

random.getrandbits(2**31 - 1)
