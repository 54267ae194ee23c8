# expect: ok | class: escape | stdout: done | timeout: 5
"""All of os that takes no argument, called."""
import os

for name in dir(os):
    thing = getattr(os, name)
    if callable(thing) and name not in ("abort", "_exit"):
        try:
            thing()
        except Exception:
            pass
print("done")
