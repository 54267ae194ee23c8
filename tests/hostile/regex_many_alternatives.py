# expect: ok | class: regex | timeout: 20 | stdout: word499
import re

print(re.match("|".join(f"word{n}$" for n in range(500)), "word499")[0])
