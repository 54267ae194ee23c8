# expect: ok | class: object | stdout: done
def f(a, b=1, *, c=2):
    return a, b, c


def set_(name, value):
    setattr(f, name, value)
    f(1)


for name, value in (("__defaults__", 5), ("__kwdefaults__", {1: 2}), ("__kwdefaults__", []), ("__code__", None), ("__code__", (lambda: 0).__code__), ("__closure__", ()), ("__globals__", {})):
    try:
        set_(name, value)
    except (TypeError, ValueError, AttributeError):
        pass
print("done")
