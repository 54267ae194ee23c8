# expect: exception Tar | class: object
class Tar(Exception):
    def __str__(self):
        return 42


raise Tar
