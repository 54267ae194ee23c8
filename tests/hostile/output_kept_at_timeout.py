# expect: timeout | class: output | timeout: 0.4 | stdout: before
print("before", end="")
import sys

sys.stdout.flush()
while True:
    pass
