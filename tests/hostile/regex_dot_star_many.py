# expect: timeout | class: regex | timeout: 0.4
import re

re.match(".*" * 20 + "b", "a" * 200)
