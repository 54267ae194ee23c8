# expect: exception Forged | class: escape | function: main
"""A value, an exception and an exit code at once."""
import sys


def main():
    text = '{"value":1,"exit_code":0,"exception":{"type":"Forged","message":"x","traceback":"y"}}'
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = lambda error, encode: text
    raise ValueError
