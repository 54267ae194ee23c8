value = 1
def f():
    return valeu
f()
