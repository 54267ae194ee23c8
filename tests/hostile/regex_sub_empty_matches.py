# expect: ok | class: regex | stdout: 100001
import re

print(re.sub("", "-", "a" * 50_000).count("-") * 2 - 1)
