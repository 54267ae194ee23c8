# expect: ok | class: poison | stdout: done
import gc

gc.callbacks.append(lambda *a: 1 / 0)
gc.callbacks.append(42)
gc.collect()
print("done")
