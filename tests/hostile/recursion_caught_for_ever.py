# expect: timeout | class: recursion | timeout: 0.4
def f():
    try:
        f()
    except RecursionError:
        pass


while True:
    f()
