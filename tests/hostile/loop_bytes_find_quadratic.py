# expect: timeout | class: text | timeout: 0.4
"""Searches that are cheap one by one."""
hay = "a" * 200_000
while hay.find("a" * 1000 + "b") == -1:
    pass
