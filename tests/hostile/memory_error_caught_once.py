# expect: ok | class: memory | stdout: caught 3
try:
    "x" * 10**9
except MemoryError:
    print("caught", len("abc"))
