# expect: exception RuntimeError | class: object
class Tar(Exception):
    def __getattribute__(self, name):
        raise SystemExit(0)


raise Tar
