# expect: timeout | class: object | timeout: 0.4
"""Thirty levels of fifteen: the traceback should not try to write all."""
g = ValueError("leaf")
for _ in range(30):
    g = ExceptionGroup("g", [g] * 15)
raise g
