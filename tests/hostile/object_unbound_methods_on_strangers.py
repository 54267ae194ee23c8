# expect: ok | class: object | timeout: 5 | stdout: done
"""Every method of every builtin type, called with the wrong self."""
import builtins

strangers = (None, 5, "x", [], {}, object(), int, print)
for kind in list(vars(builtins).values()):
    if isinstance(kind, type):
        for name, method in list(vars(kind).items()):
            if callable(method) and name not in ("breakpoint", "__init_subclass__"):
                for stranger in strangers:
                    try:
                        method(stranger)
                    except Exception:
                        pass
print("done")
