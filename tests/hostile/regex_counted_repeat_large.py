# expect: ok | class: regex | stdout: None
import re

print(re.match("a{4000000000}", "a"))
