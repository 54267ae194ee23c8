# expect: ok | class: recursion | timeout: 10
kind = int
for _ in range(5_000):
    kind = list[kind]
hash(kind)
