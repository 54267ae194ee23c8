# expect: timeout | class: loop | timeout: 0.4 | memory_bytes: 268435456
"""iter(int, 1) answers 0 for ever; any() walks it without a list."""
any(iter(int, 1))
