# expect: ok | class: escape | stdout: done | timeout: 5
import pickle
import random

random.seed(7)
for n in range(500):
    try:
        pickle.loads(b"\x80\x04" + bytes(random.randrange(256) for _ in range(20)) + b".")
    except Exception:
        pass
print("done")
