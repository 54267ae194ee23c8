# expect: exception RecursionError | class: recursion | timeout: 20
import sys


class Stream:
    def write(self, text):
        print(text)


sys.stdout = Stream()
try:
    print("x")
except RecursionError:
    raise RecursionError("caught") from None
