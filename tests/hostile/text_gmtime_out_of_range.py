# expect: exception OverflowError | class: text
import time

time.gmtime(1e20)
