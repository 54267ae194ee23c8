# expect: exception OSError | class: output
import io


class Braggart(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        return len(data) + 10**9


out = io.BufferedWriter(Braggart())
out.write(b"x" * 100_000)
out.flush()
