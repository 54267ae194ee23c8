# expect: crashed | class: escape | function: main
"""JSON, but not an answer."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"exception": 5}'
    raise ValueError
