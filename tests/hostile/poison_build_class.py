# expect: exception TypeError | class: poison
import builtins

builtins.__build_class__ = 42


class A:
    pass
