# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
import json

lol = ["lol" * 100_000]
for _ in range(9):
    lol = [lol] * 10
json.dumps(lol, ensure_ascii=False)
