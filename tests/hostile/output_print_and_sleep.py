# expect: timeout | class: output | timeout: 0.4
import time

while True:
    print("tick")
    time.sleep(0.02)
