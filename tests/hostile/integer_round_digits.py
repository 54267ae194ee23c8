# expect: memory_limit | class: integer | timeout: 0.4
"""Rounding to a power of ten that nobody can hold."""
round(12345, -(10**9))
