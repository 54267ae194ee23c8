# expect: crashed | class: regex
"""No opcode has this number."""
import _sre

_sre.compile("x", 0, [139, 1, 40], 0, {}, ()).search("xyxyxab")
