# expect: ok | class: escape | function: main
"""The native encoder, called directly."""
import sys


def main():
    encode = sys.monitoring.use_tool_id.__globals__["encode"]
    refused = 0
    for args in ((), (1, 2, 3), (object(),), (encode,), ({1: {2: {3: [print]}}},)):
        try:
            encode(*args)
        except TypeError:
            refused += 1
    return refused
