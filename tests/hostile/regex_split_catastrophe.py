# expect: timeout | class: regex | timeout: 0.4
import re

re.split(r"(?:,+\s*)+;", "," * 60)
