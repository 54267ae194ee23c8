# expect: crashed | class: regex
"""A literal, and nothing after it."""
import _sre

_sre.compile("x", 0, [16], 0, {}, ()).search("xyxyxab")
