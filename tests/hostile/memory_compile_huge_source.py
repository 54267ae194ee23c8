# expect: memory_limit | class: memory | timeout: 30 | memory_bytes: 83886080
"""A source of four megabytes; what is built from it is far larger."""
compile("x = [1, 2, 3]\n" * 300_000, "big", "exec")
