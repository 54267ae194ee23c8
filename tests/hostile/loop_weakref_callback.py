# expect: timeout | class: loop | timeout: 0.4
import weakref


class Thing:
    pass


def forever(ref):
    while True:
        pass


thing = Thing()
ref = weakref.ref(thing, forever)
del thing
