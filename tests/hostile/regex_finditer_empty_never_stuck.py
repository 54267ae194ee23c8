# expect: ok | class: regex | stdout: 1001
"""An empty match must move on."""
import re

print(sum(1 for _ in re.finditer(r"(?:)*", "a" * 1_000)))
