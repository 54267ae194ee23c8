# expect: exception PatternError | class: regex
import re

re.sub("a", r"\99", "a")
