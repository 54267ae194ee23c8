# expect: ok | class: poison
import sys

sys.displayhook = None
exec(compile("5", "x", "single")) if False else None
