# expect: crashed | class: exit
import os

os.abort()
