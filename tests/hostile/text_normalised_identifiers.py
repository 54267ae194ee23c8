# expect: ok | class: text | stdout: 7
"""Identifiers are NFKC: the builtin is reached under another spelling."""
exec("\U0001d429\U0001d42b\U0001d422\U0001d427\U0001d42d(7)")
