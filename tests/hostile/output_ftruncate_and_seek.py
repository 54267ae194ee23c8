# expect: ok | class: output | stdout: done
import os

for call in (lambda: os.ftruncate(1, 10**9), lambda: os.lseek(1, 10**9, 0), lambda: os.fsync(1), lambda: os.read(1, 10)):
    try:
        call()
    except (OSError, AttributeError):
        pass
print("done")
