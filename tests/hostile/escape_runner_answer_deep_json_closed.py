# expect: output_limit | class: escape | function: main
"""Past the encoder's 200 levels: whoever reads this result must not fall."""
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    frame.f_globals["exception_answer"] = lambda error, encode: '{"value":' + "[" * 50_000 + "]" * 50_000 + "}"
    raise ValueError
