# expect: ok | class: regex
"""The engine's own code, made by hand."""
import _sre

_sre.compile("x", 0, [1, 2, 3, 4, 5, 6, 7, 8, 9] * 10, 0, {}, ()).match("x" * 100)
