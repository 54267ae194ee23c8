# expect: memory_limit | class: regex | timeout: 20
import re

re.sub("a", "b" * 10_000, "a" * 100_000)
