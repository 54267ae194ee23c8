# expect: exception OSError | class: files | timeout: 30
"""Empty files have an end too."""
n = 0
while True:
    open(f"file-{n}", "w").close()
    n += 1
