# expect: timeout | class: output | timeout: 0.4
import sys

while True:
    sys.stderr.write("flood\n")
