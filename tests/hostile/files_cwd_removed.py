# expect: exception FileNotFoundError | class: files
import os

os.mkdir("/work/gone")
os.chdir("/work/gone")
os.rmdir("/work/gone")
open("here", "w")
