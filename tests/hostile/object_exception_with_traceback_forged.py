# expect: exception ValueError | class: object
import sys
import types

f = sys._getframe()
raise ValueError("x").with_traceback(types.TracebackType(None, f, -5, 10**6))
