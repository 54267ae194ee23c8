# expect: exception RuntimeError | class: poison
"""Every dict there is, emptied: types, modules, the runner."""
import gc

for thing in gc.get_objects():
    if type(thing) is dict:
        thing.clear()
