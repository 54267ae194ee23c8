# expect: exception ValueError | class: poison
import traceback

vars(traceback).clear()
raise ValueError("x")
