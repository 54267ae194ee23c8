# expect: exception RuntimeError | class: loop
def stubborn():
    while True:
        try:
            yield
        except GeneratorExit:
            pass


g = stubborn()
next(g)
g.close()
