# expect: timeout | class: regex | timeout: 0.4
import re

re.match(r"(a+)+$", "a" * 50 + "b")
