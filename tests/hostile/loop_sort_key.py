# expect: timeout | class: loop | timeout: 0.4
def key(n):
    while True:
        pass


sorted([2, 1], key=key)
