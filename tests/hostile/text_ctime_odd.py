# expect: ok | class: text | stdout: done
import time

for when in (-1e18, 1e18, float("inf"), 2**62, -(2**62)):
    for f in (time.ctime, time.localtime, time.gmtime):
        try:
            f(when)
        except (ValueError, OverflowError, OSError):
            pass
print("done")
