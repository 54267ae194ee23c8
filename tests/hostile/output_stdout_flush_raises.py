# expect: ok | class: output
import sys


class Tar:
    def flush(self):
        raise SystemExit(9)


sys.stdout = sys.stderr = Tar()
