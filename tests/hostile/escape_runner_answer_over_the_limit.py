# expect: output_limit | class: escape | function: main | timeout: 10 | memory_bytes: 536870912
"""A hundred megabytes that no encoder has seen."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: "x" * 100_000_000
    raise ValueError
