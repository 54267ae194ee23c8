# expect: timeout | class: regex | timeout: 0.4
import re

pattern = r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$"
re.match(pattern, "a" * 60 + "!")
