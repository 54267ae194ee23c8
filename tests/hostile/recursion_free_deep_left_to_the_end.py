# expect: ok | class: recursion | timeout: 10 | stdout: done
a = []
for _ in range(100_000):
    a = [a]
print("done")
