# expect: timeout | class: regex | timeout: 0.4
import re

re.sub(r"(x+x+)+y", "", "x" * 60)
