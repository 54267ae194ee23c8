# expect: timeout | class: regex | timeout: 0.4
import re

re.findall(r"(?=(a+)+b)", "a" * 40)
