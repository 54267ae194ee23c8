# expect: timeout | class: regex | timeout: 0.4
import re

re.search(r"\s*\s*\s*$x", " " * 20_000)
