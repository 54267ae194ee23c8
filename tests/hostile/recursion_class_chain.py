# expect: ok | class: recursion | stdout: done | timeout: 20
"""Each class the child of the last."""
c = object
for _ in range(200):
    c = type("C", (c,), {})
c()
print("done")
