# expect: ok | class: recursion | timeout: 10 | stdout: done
kind = int
for _ in range(5_000):
    kind = list[kind]
del kind
print("done")
