# expect: ok | class: output | stdout: done
import os

for fd in (0, 3, 4, 5, 99, -1, 2**31 - 1):
    try:
        os.write(fd, b"x")
    except (OSError, OverflowError):
        pass
print("done")
