# expect: ok | class: output | stdout: one two
import io
import sys

print("one", end=" ", flush=True)
sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False))
print("two")
sys.stdout.flush()
