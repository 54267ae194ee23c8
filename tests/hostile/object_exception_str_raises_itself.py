# expect: exception Tar | class: object
class Tar(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__


raise Tar
