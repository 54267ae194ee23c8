# expect: exception Tar | class: object
class Tar(Exception):
    def __str__(self):
        raise ValueError("no")


raise Tar
