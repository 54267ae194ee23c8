# expect: output_limit | class: escape | function: main
"""The host reads this JSON: a parser that calls itself would fall."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":' + "[" * 1_000_000
    raise ValueError
