# expect: timeout | class: regex | timeout: 0.4
import re

re.fullmatch(r"((a*)*)*", "a" * 40 + "!")
