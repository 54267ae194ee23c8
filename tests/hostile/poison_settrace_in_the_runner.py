# expect: exception SystemExit | class: poison | timeout: 0.4 | function: main
"""What the runner calls after main is traced too."""
import sys


def trace(frame, event, argument):
    raise SystemExit(3)


def main():
    sys.settrace(trace)
    return 1
