# expect: ok | class: regex | timeout: 10 | stdout: 200000
"""A group in a loop: an engine that calls itself would be deep."""
import re

print(len(re.match("(?:a|b)*", "ab" * 100_000)[0]))
