# expect: timeout | class: poison | timeout: 0.4
import gc


def forever(phase, info):
    while True:
        pass


gc.callbacks.append(forever)
gc.collect()
