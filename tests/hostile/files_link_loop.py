# expect: exception OSError | class: files
import os

os.symlink("a", "b")
os.symlink("b", "a")
open("a")
