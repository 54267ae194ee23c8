# expect: ok | class: exit
import os

os._exit(0)
