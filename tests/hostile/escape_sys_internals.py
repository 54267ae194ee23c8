# expect: ok | class: escape | stdout: done | timeout: 5
"""All of sys that takes no argument, called."""
import sys

for name in dir(sys):
    thing = getattr(sys, name)
    if callable(thing) and name not in ("exit", "stdout", "stderr", "breakpointhook", "__breakpointhook__"):
        try:
            thing()
        except Exception:
            pass
print("done")
