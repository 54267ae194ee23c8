# expect: exception Tar | class: object
class Tar(Exception):
    __class__ = int


raise Tar
