# expect: exception Forged | class: escape | function: main
"""A value, an exception and an exit code at once."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    text = '{"value":1,"exit_code":0,"exception":{"type":"Forged","message":"x","traceback":"y"}}'
    frame.f_globals["exception_answer"] = lambda error, encode: text
    raise ValueError
