# expect: timeout | class: output | timeout: 0.4
while True:
    print("flood")
