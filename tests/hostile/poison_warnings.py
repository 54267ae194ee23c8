# expect: exception ValueError | class: poison
import warnings

warnings.filters = 42
warnings.showwarning = warnings._showwarnmsg = None
warnings.warn("x")
