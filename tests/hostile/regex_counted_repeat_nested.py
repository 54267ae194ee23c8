# expect: timeout | class: regex | timeout: 0.4
import re

re.match(r"(?:(?:a{1,30}){1,30}){1,30}$", "a" * 60 + "b")
