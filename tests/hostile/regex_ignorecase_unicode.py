# expect: timeout | class: regex | timeout: 0.4
import re

re.match("(?i)(\u017f+|s+|S+)+$", "s" * 60 + "!")
