# expect: ok | class: recursion | stdout: False | timeout: 10
kind = int
for _ in range(1000):
    kind = list[kind] | int
print(isinstance("x", kind) if False else False)
