# expect: ok | class: poison | function: main
import collections.abc


def main():
    for kind in vars(collections.abc).values():
        if isinstance(kind, type):
            try:
                kind.__subclasshook__ = classmethod(lambda *a: 1 / 0)
            except TypeError:
                pass
    return [{"x": 1}]
