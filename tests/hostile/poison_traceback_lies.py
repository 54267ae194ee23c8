# expect: exception ValueError | class: poison
import traceback


class Tell:
    def __init__(self, *a, **k):
        pass

    def format(self):
        while False:
            yield
        yield 42


traceback.TracebackException = Tell
raise ValueError("x")
