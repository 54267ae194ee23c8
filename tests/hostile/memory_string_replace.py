# expect: memory_limit | class: memory | timeout: 20
"""A million matches, a thousand characters for each."""
("a" * 1_000_000).replace("a", "b" * 1000)
