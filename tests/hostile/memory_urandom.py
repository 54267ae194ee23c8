# expect: memory_limit | class: memory
import os

os.urandom(2**31 - 1)
