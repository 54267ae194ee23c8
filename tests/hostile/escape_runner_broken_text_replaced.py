# expect: exception RuntimeError | class: escape | function: main
import sys


class Tar:
    @property
    def __class__(self):
        raise SystemExit


def main():
    sys.monitoring.use_tool_id.__globals__["BROKEN"] = Tar()
    sys.monitoring.use_tool_id.__globals__["exception_answer"] = None
    raise ValueError
