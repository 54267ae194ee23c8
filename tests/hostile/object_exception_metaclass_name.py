# expect: exception TypeError | class: object
class Meta(type):
    @property
    def __name__(cls):
        return 42

    @property
    def __qualname__(cls):
        raise RuntimeError

    @property
    def __module__(cls):
        return object()


class Tar(Exception, metaclass=Meta):
    pass


raise Tar("x")
