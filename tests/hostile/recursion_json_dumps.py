# expect: exception RecursionError | class: recursion | timeout: 20
import json

a = []
for _ in range(100_000):
    a = [a]
json.dumps(a)
