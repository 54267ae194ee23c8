# expect: ok | class: output | stdout: 7
import sys


class Liar:
    encoding = "\ud800"
    errors = 5

    def __init__(self, real):
        self.real = real

    def write(self, text):
        self.real.write(text)
        return 10**30

    def flush(self):
        return self.real.flush()

    def fileno(self):
        return -(10**30)


sys.stdout = Liar(sys.stdout)
print(7)
