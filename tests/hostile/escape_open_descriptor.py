# expect: ok | class: escape | stdout: done
"""Descriptors beyond the three: a preopened folder would be the fourth."""
import os

for fd in range(3, 50):
    try:
        print(fd, os.fstat(fd))
    except (OSError, AttributeError):
        pass
print("done")
