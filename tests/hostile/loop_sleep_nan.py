# expect: exception ValueError | class: loop
import time

time.sleep(float("nan"))
