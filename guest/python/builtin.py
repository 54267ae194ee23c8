"""Functions that behave like those of C: as attributes of a class they do not become methods."""


class builtin_function_or_method:
    """Calls a function of Python."""

    def __init__(self, function, module, name):
        self._function = function
        self.__name__ = self.__qualname__ = name
        self.__module__ = module
        self.__doc__ = function.__doc__

    def __call__(self, /, *args, **kwargs):
        return self._function(*args, **kwargs)

    def __repr__(self):
        return f"<built-in function {self.__name__}>"

    def __reduce__(self):
        return self.__qualname__


def put(module, *functions):
    """Puts functions into a module, each by its own name."""
    for function in functions:
        name = function.__name__
        setattr(module, name, builtin_function_or_method(function, module.__name__, name))
