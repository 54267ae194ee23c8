# expect: exception OSError | class: files | timeout: 20
"""The quota of files ends it, before the memory does."""
with open("flood", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
