# expect: ok | class: escape | stdout: done | timeout: 5
import marshal
import random

random.seed(5)
for n in range(2_000):
    try:
        marshal.loads(bytes(random.choice(b"NTFS.ilfgIxysuttrRcCzZaA()[]{}<>?\x00\x01\x02\xff\xe3") for _ in range(12)))
    except (ValueError, EOFError, TypeError):
        pass
print("done")
