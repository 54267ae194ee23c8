# expect: ok | class: escape | function: main
import sys


def main():
    sys.monitoring.use_tool_id.__globals__.clear()
    return "x"
