# expect: timeout | class: loop | stdout: done | timeout: 0.4
import atexit
import weakref


class Thing:
    pass


def forever():
    while True:
        pass


thing = Thing()
weakref.finalize(thing, forever)
print("done")
