# expect: ok | class: escape | function: main
"""The forged answer is no JSON."""
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["attempt"] = lambda *a: "no JSON at all"
    sys.monitoring.use_tool_id.__globals__["encode"] = lambda value: "no JSON at all"
    sys.monitoring.use_tool_id.__globals__["BROKEN"] = 42
    return "x"
