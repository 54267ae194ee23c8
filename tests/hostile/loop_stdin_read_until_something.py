# expect: timeout | class: loop | timeout: 0.4
"""There is no input, ever."""
import sys

while not sys.stdin.read():
    pass
