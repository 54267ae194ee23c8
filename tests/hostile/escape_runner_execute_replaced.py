# expect: exception RuntimeError | class: escape | function: main
"""Everything the runner still needs is made to answer rubbish."""
import sys


def main():
    for name, value in list(sys.monitoring.use_tool_id.__globals__.items()):
        if callable(value) and not isinstance(value, type):
            sys.monitoring.use_tool_id.__globals__[name] = lambda *a: 42
    raise ValueError
