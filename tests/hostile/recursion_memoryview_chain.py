# expect: ok | class: recursion | timeout: 10 | stdout: 1
m = b"x"
for _ in range(10_000):
    m = memoryview(m)
print(len(m))
