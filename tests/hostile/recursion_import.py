# expect: exception RecursionError | class: recursion | timeout: 20
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        __import__(name + "x")


sys.meta_path.insert(0, Finder())
try:
    import nothing
except RecursionError:
    raise RecursionError("caught") from None
