# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
"""tee keeps what the slow twin has not read."""
import itertools

fast, slow = itertools.tee(itertools.count())
for n in fast:
    pass
