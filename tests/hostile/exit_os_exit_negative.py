# expect: exception SystemExit | class: exit
import os

os._exit(-1)
