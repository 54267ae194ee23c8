# expect: ok | class: regex | stdout: None
import re

print(re.match(r"(?>a+)+$", "a" * 5_000 + "b"))
