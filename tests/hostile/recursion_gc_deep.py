# expect: ok | class: recursion | stdout: done | timeout: 10
import gc

a = []
for _ in range(30_000):
    a = [a]
gc.collect()
gc.get_referents(a)
print("done")
