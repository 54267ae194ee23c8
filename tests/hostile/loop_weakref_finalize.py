# expect: ok | class: loop | stdout: done
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
