# expect: timeout | class: loop | timeout: 0.4
import gc


class Grave:
    def __del__(self):
        while True:
            pass


g = Grave()
g.self = g
del g
gc.collect()
