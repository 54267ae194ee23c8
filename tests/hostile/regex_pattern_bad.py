# expect: exception PatternError | class: regex | timeout: 10
import re

re.compile("(" * 50)
