# expect: ok | class: poison | timeout: 5
import gc

try:
    gc.set_debug(gc.DEBUG_LEAK | gc.DEBUG_STATS)
    gc.set_threshold(1, 1, 1)
except (AttributeError, TypeError):
    pass
a = []
a.append(a)
del a
gc.collect()
