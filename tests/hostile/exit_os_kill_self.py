# expect: exception OSError | class: exit
import os

os.kill(os.getpid(), 9)
