# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
def gen():
    here = bytearray(10_000)
    yield here


hoard = []
while True:
    g = gen()
    next(g)
    hoard.append(g)
