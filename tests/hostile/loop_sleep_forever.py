# expect: timeout | class: loop | timeout: 0.4
import time

time.sleep(1e9)
