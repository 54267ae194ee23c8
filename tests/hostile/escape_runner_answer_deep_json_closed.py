# expect: output_limit | class: escape | function: main
"""Past the encoder's 200 levels: whoever reads this result must not fall."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":' + "[" * 50_000 + "]" * 50_000 + "}"
    raise ValueError
