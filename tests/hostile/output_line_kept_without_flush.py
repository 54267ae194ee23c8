# expect: timeout | class: output | timeout: 0.4 | stdout: before
print("before")
while True:
    pass
