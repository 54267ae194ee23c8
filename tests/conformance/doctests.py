"""Runs the doctests of the standard library's modules in the sandbox, and tells of each in a line of its own.

    doctests.py [TEST TO LEAVE OUT ...]
"""

import doctest
import importlib
import io
import json
import os
import sys

# Opened windows, long-running servers, jokes and what asks the user.
LEFT_OUT = {"antigravity", "idlelib", "this", "turtledemo", "__main__"}
TEXT_MAX = 300


def tell(**members):
    os.write(1, ("\nRESULT " + json.dumps(members) + "\n").encode("ascii", "backslashreplace"))


def main(left_out):
    for name in sorted(sys.stdlib_module_names - LEFT_OUT):
        try:
            module = importlib.import_module(name)
            tests = doctest.DocTestFinder(exclude_empty=True).find(module)
        except BaseException:
            continue
        for test in tests:
            if not test.examples or test.name in left_out:
                continue
            tell(start=test.name)
            said = io.StringIO()
            try:
                runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
                failed, _ = runner.run(test, out=said.write)
                text = " ".join(said.getvalue().split())[:TEXT_MAX] if failed else ""
            except BaseException as error:
                failed, text = 1, f"{type(error).__name__}: {error}"[:TEXT_MAX]
            tell(end=test.name, what="failed" if failed else "passed", why=text)
    tell(module="ended", why="")


main(set(sys.argv[1:]))
