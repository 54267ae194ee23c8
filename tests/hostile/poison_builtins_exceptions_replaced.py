# expect: exception ValueError | class: poison
"""except BaseException is looked up when it is needed."""
import builtins

builtins.BaseException = builtins.Exception = builtins.SystemExit = int
raise ValueError("x")
