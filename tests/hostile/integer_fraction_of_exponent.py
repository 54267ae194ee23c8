# expect: memory_limit MemoryError | class: integer | timeout: 0.4
"""Twelve characters of text, a number of a billion digits."""
from fractions import Fraction

Fraction("1e1000000000")
