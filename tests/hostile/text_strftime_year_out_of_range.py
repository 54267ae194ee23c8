# expect: exception OverflowError | class: text
import time

time.strftime("%c", (10**12, 99, 99, 99, 99, 99, 9, 999, 9))
