# expect: timeout | class: escape | function: main | timeout: 0.4
import sys


def forever(*a):
    while True:
        pass


def main():
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = forever
    raise ValueError
