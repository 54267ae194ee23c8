# expect: exception OSError | class: output
import io


class Braggart(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        return len(buffer) + 10**6


io.BufferedReader(Braggart()).read(10)
