# expect: timeout | class: regex | timeout: 0.4
import re

re.match(r"(.*)(.*)(.*)(.*)(.*)\1\2\3\4\5!", "ab" * 200)
