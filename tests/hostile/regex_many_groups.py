# expect: ok | class: regex | timeout: 20 | stdout: 700
import re

print(re.compile("(a)" * 700).groups)
