# expect: exception OverflowError | class: exit
import os

os._exit(2**31)
