# expect: memory_limit | class: memory | timeout: 20
hoard = []


def fail():
    here = bytearray(100_000)
    raise ValueError


while True:
    try:
        fail()
    except ValueError as error:
        hoard.append(error)
