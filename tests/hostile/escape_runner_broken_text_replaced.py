# expect: exception RuntimeError | class: escape | function: main
import sys


class Tar:
    @property
    def __class__(self):
        raise SystemExit


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["BROKEN"] = Tar()
    frame.f_globals["exception_answer"] = None
    raise ValueError
