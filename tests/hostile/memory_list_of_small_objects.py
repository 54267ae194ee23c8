# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
"""Little by little: the allocation that fails is a tiny one."""
hoard = None
while True:
    hoard = ([hoard], [], [], {}, {})
