# expect: ok | class: regex | timeout: 20 | stdout: done
import re

for n in range(600):
    re.match(f"{n}", "a")
print("done")
