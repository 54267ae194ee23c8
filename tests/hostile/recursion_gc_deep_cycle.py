# expect: ok | class: recursion | stdout: done | timeout: 10
import gc

end = a = []
for _ in range(50_000):
    a = [a]
end.append(a)
del a, end
gc.collect()
print("done")
