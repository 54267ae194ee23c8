# expect: exception ValueError | class: poison
import traceback


class Text(str):
    def encode(self, *a):
        return self

    def decode(self, *a):
        raise SystemExit(0)


class Tell:
    def __init__(self, *a, **k):
        pass

    def format(self):
        return [Text("forged")]


traceback.TracebackException = Tell
raise ValueError("x")
