# expect: ok | class: object | timeout: 5 | stdout: done
"""Every type of every module, made without its constructor, and shown."""
import builtins
import collections
import functools
import io
import itertools
import types

for module in (builtins, collections, functools, io, itertools, types):
    for kind in list(vars(module).values()):
        if isinstance(kind, type):
            try:
                thing = kind.__new__(kind)
                repr(thing)
                hash(thing)
                thing == thing
                bool(thing)
            except Exception:
                pass
print("done")
