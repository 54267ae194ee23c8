# expect: timeout | class: loop | timeout: 0.4
import time

while True:
    time.sleep(0.01)
