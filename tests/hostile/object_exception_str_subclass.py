# expect: exception Tar | class: object
class Text(str):
    def encode(self, *a):
        return b"forged"

    def __add__(self, other):
        return self


class Tar(Exception):
    def __str__(self):
        return Text("x")


raise Tar
