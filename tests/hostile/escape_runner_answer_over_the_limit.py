# expect: output_limit | class: escape | function: main | timeout: 10 | memory_bytes: 536870912
"""A hundred megabytes that no encoder has seen."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: "x" * 100_000_000
    raise ValueError
