# expect: exception RuntimeError | class: recursion | timeout: 10
import io


class Own(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        return reader.readinto(buffer)


reader = io.BufferedReader(Own())
reader.read()
