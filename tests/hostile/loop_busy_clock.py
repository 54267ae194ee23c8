# expect: timeout | class: loop | timeout: 0.4
import time

end = time.monotonic() + 1e6
while time.monotonic() < end:
    time.time()
