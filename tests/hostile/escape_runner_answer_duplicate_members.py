# expect: crashed | class: escape | function: main
import sys


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: '{"value":1,"value":2}'
    raise ValueError
