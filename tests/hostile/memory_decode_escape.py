# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
"""Every byte that is wrong becomes four characters."""
keep = bytearray(30_000_000)
(b"\xff" * 3_000_000).decode("ascii", "backslashreplace")
