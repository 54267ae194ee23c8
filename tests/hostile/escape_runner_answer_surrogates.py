# expect: ok | class: escape | function: main
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":"\ud800"}'
    raise ValueError
