"""Runs one module of CPython's test suite in the sandbox, and tells of each test in a line of its own.

    driver.py MODULE [TEST ID TO LEAVE OUT ...]
"""

import _imp
import json
import os
import sys
import unittest

from test import support

# All of the library is frozen here: a fresh copy of a module comes from there too.
_imp._override_frozen_modules_for_tests = lambda override: None
# CPython's own inner parts, which tests do without where they are absent.
sys.modules["_testcapi"] = sys.modules["_testinternalcapi"] = None

# Modules whose `test_main` prepares its classes and says which are to run; the others are parts of these.
CHOOSES = ("test_decimal", "test_xml_etree")
TEXT_MAX = 300


def tell(**members):
    # Past whatever the tests make of sys.stdout.
    os.write(1, ("\nRESULT " + json.dumps(members) + "\n").encode("ascii", "backslashreplace"))


def why(error):
    kind, value, _ = error
    try:
        text = str(value)
    except BaseException:
        text = "<no text>"
    return f"{kind.__name__}: {text}"[:TEXT_MAX]


class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.worst = None
        tell(start=test.id())

    def note(self, what, text=""):
        if self.worst is None or what == "failed":
            self.worst = (what, text)

    def addSuccess(self, test):
        self.note("passed")

    def addError(self, test, error):
        if not hasattr(self, "worst") or not isinstance(test, unittest.TestCase):
            # setUpClass or setUpModule failed: all of its tests did.
            tell(end=test.id(), what="failed", why=why(error))
            return
        self.note("failed", why(error))

    addFailure = addError

    def addSkip(self, test, reason):
        if isinstance(test, unittest.TestCase):
            self.note("skipped", reason[:TEXT_MAX])
            if not hasattr(self, "worst"):
                self.stopTest(test)
        else:
            tell(end=test.id(), what="skipped", why=reason[:TEXT_MAX])

    def addExpectedFailure(self, test, error):
        self.note("passed")

    def addUnexpectedSuccess(self, test):
        self.note("failed", "passes, and is expected to fail")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.note("failed", why(error))

    def stopTest(self, test):
        super().stopTest(test)
        what, text = self.worst or ("passed", "")
        tell(end=test.id(), what=what, why=text)


def each(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def main(name, left_out):
    sys.path.insert(0, "/work")
    try:
        module = __import__("test." + name, fromlist=["*"])
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    except unittest.SkipTest as skip:
        tell(module="skipped", why=str(skip)[:TEXT_MAX])
        return
    except BaseException:
        tell(module="failed", why=why(sys.exc_info()))
        return
    def run(*classes):
        tests = map(unittest.defaultTestLoader.loadTestsFromTestCase, classes) if classes else suite
        unittest.TestSuite(test for test in each(tests) if test.id() not in left_out).run(Result())

    if name in CHOOSES:
        module.run_unittest = support.run_unittest = run
        module.run_doctest = lambda *arguments: None
        module.test_main()
    else:
        run()
    tell(module="ended", why="")


main(sys.argv[1], set(sys.argv[2:]))
