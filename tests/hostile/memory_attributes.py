# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
from itertools import count


class Bag:
    pass


bag = Bag()
for n in count():
    setattr(bag, f"name_{n}", bytearray(200_000))
