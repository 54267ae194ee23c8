# expect: timeout | class: regex | timeout: 0.4
import re

n = 40
re.match("a?" * n + "a" * n + "b", "a" * n)
