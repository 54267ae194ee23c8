# expect: ok | class: recursion | stdout: done | timeout: 20
"""The loader needs no stack; freeing what it made does."""
import pickle

pickle.loads(b"]" * 100_000 + b"a" * 99_999 + b".")
print("done")
