# expect: ok | class: output
"""A raw stream that never takes a byte."""
import io


class Shy(io.RawIOBase):
    tries = 0

    def writable(self):
        return True

    def write(self, data):
        self.tries += 1
        if self.tries > 50:
            raise OSError("enough")
        return 0


try:
    with io.BufferedWriter(Shy()) as out:
        out.write(b"x" * 100_000)
except (OSError, ValueError):
    pass
