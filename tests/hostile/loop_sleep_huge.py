# expect: exception OverflowError | class: loop
import time

time.sleep(1e300)
