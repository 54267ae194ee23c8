# expect: timeout | class: recursion | timeout: 0.4
def f():
    try:
        f()
    finally:
        f()


f()
