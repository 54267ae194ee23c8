# expect: timeout | class: object | timeout: 0.4
"""Shown, it is three times itself."""
e = ValueError()
e.args = (e, [e], {1: e})
raise e
