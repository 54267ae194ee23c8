# expect: exception RecursionError | class: recursion | timeout: 20
"""Calling it calls what it calls: no Python frame in between."""


class Loop:
    pass


Loop.__call__ = Loop()
Loop()()
