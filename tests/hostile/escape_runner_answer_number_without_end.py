# expect: ok | class: escape | function: main
"""A million digits are JSON still: nobody may turn them into a float."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":' + "9" * 1_000_000 + "}"
    raise ValueError
