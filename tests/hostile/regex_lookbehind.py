# expect: timeout | class: regex | timeout: 0.4
import re

while True:
    re.search(r"(?<=" + "a" * 500 + r")b", "a" * 5_000)
