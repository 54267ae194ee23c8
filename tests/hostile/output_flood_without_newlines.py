# expect: timeout | class: output | timeout: 0.4
while True:
    print("x" * 1_000, end="")
