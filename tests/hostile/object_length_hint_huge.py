# expect: exception MemoryError | class: object
"""A hint is only a hint."""


class Thing:
    def __iter__(self):
        return iter("ab")

    def __length_hint__(self):
        return 2**31 - 1


list(Thing())
