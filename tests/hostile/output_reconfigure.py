# expect: ok | class: output
import sys

sys.stdout.reconfigure(encoding="utf-16", errors="ignore", newline="\r\n", write_through=True)
print("x")
