# expect: exception Tar | class: object
class Tar(Exception):
    def __str__(self):
        raise SystemExit(0)


raise Tar
