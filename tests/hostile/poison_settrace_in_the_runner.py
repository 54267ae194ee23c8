# expect: ok | class: poison | timeout: 0.4 | function: main
"""What the runner does after main is not traced."""
import sys


def trace(frame, event, argument):
    raise SystemExit(3)


def main():
    sys.settrace(trace)
    return 1
