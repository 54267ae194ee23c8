# expect: ok | class: output | timeout: 5
import os

for n in range(1_000):
    try:
        os.dup(1)
    except (OSError, AttributeError):
        break
