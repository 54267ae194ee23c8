# expect: ok | class: files | stdout: done | timeout: 20
import os, shutil

try:
    while True:
        os.mkdir("d")
        os.chdir("d")
except OSError:
    pass
os.chdir("/work")
print("done")
