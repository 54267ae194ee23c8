# expect: ok | class: text | timeout: 5
"""Sorting marks by class, a quarter of a million at once."""
import unicodedata

len(unicodedata.normalize("NFD", "a" + "\u0301\u0316" * 100_000))
