# expect: exception ValueError | class: poison
import builtins

builtins.__import__ = None
del builtins.__import__
raise ValueError("x")
