# expect: exception ValueError | class: recursion | timeout: 10
import marshal

a = []
for _ in range(100_000):
    a = [a]
marshal.dumps(a)
