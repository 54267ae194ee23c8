# expect: timeout | class: regex | timeout: 0.4
import re

re.match(r"(a|aa)+$", "a" * 80 + "b")
