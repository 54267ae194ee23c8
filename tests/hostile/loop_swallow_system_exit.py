# expect: timeout | class: loop | timeout: 0.4
import sys

while True:
    try:
        sys.exit(0)
    except SystemExit:
        pass
