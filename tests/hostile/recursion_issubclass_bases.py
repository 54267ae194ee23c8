# expect: timeout | class: recursion | timeout: 0.4
"""An object that is its own base: CPython walks up for ever too."""


class Own:
    @property
    def __bases__(self):
        return (Own(),)


issubclass(Own(), int)
