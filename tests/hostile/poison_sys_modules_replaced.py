# expect: exception ValueError | class: poison
import sys

sys.modules = 42
raise ValueError("x")
