# expect: timeout | class: loop | timeout: 0.4
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        while True:
            pass


sys.meta_path.insert(0, Finder())
import nothing_of_this_name
