# expect: ok | class: escape | function: main | timeout: 10
"""Two megabytes that no encoder has seen."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":"' + "x" * 2_000_000 + '"}'
    raise ValueError
