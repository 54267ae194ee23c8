# expect: exception ValueError | class: poison
import sys

vars(sys).clear()
raise ValueError("x")
