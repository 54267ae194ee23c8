# expect: ok | class: escape | stdout: nothing
"""The old way out: some class that knows os, sys or open."""
for kind in ().__class__.__base__.__subclasses__():
    init = getattr(kind, "__init__", None)
    spaces = getattr(init, "__globals__", {})
    if "os" in spaces or "sys" in spaces:
        try:
            print(spaces["__builtins__"]["open"]("/etc/passwd").read())
        except (OSError, KeyError, TypeError):
            pass
print("nothing")
