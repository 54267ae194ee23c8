# expect: ok | class: regex | timeout: 10 | stdout: 1
import textwrap

print(len(textwrap.wrap("x" * 10_000, width=10_000)))
