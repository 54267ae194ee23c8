# expect: ok | class: poison | timeout: 5 | stdout: done
"""Every container there is, emptied: but only this program's own view of it is kept."""
import gc

for thing in gc.get_objects():
    if type(thing) is list and thing is not __builtins__:
        try:
            thing.clear()
        except (TypeError, RuntimeError):
            pass
print("done")
