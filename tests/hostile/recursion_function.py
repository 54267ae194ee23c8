# expect: exception RecursionError | class: recursion | timeout: 10
def f():
    return f()


f()
