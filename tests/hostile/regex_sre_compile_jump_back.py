# expect: ok | class: regex | timeout: 0.4
import _sre

_sre.compile("x", 0, [13, 0xFFFFFFFF, 0, 1], 0, {}, ()).match("x")
