# expect: crashed | class: escape | function: main
"""serde reads a list where an object is due: its first member is the value."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '[{"exception": 5}]'
    raise ValueError
