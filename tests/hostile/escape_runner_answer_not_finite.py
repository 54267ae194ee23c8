# expect: crashed | class: escape | function: main
"""NaN is no JSON, whoever writes it."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":[NaN]}'
    raise ValueError
