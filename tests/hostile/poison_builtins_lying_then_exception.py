# expect: exception ValueError | class: poison
import builtins

builtins.type = builtins.str = builtins.isinstance = builtins.len = builtins.print = lambda *a: 42
raise ValueError("x")
