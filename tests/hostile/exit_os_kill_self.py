# expect: exception AttributeError | class: exit
import os

os.kill(os.getpid(), 9)
