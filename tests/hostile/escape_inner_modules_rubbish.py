# expect: ok | class: escape | timeout: 10
"""Everything in the native modules, called with rubbish."""
import sys

skip = ("exit", "_exit", "abort", "sleep", "pause", "input", "breakpoint", "select", "close", "closerange", "dup2", "setrecursionlimit", "quit", "help", "_shutdown", "_run_exitfuncs", "interrupt_main", "default_int_handler")
rubbish = ((), (None,), (-1,), ("",), (object(), object()), ([], {}), (0, 0, 0))
for name in sys.builtin_module_names:
    if name in ("builtins", "faulthandler", "_testcapi"):
        continue
    try:
        module = __import__(name)
    except ImportError:
        continue
    for key, thing in list(vars(module).items()):
        if callable(thing) and key not in skip:
            for args in rubbish:
                try:
                    thing(*args)
                except Exception:
                    pass
print("done")
