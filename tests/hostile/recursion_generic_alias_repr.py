# expect: ok | class: recursion | timeout: 10
kind = int
for _ in range(3_000):
    kind = list[kind]
repr(kind)
