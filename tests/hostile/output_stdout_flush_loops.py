# expect: timeout | class: output | timeout: 0.4
"""The runner flushes when the program has ended."""
import sys


class Tar:
    def write(self, text):
        pass

    def flush(self):
        while True:
            pass


sys.stdout = Tar()
