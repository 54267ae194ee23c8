# expect: exception Tar | class: object
class Tar(Exception):
    __traceback__ = 42
    __cause__ = "x"
    __context__ = []
    __suppress_context__ = None
    __notes__ = 5


raise Tar
