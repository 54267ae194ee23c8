# expect: timeout | class: loop | timeout: 0.4
while True:
    pass
