# expect: ok | class: object | timeout: 5
def gen():
    for n in range(1_000):
        a.clear()
        yield n


a = [1, 2, 3]
a.extend(gen())
a[:] = gen()
a[1:2] = gen()
a += gen()
