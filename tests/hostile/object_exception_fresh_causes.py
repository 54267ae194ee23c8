# expect: exception Endless | class: object | timeout: 1
"""A new cause every time one looks."""


class Endless(Exception):
    @property
    def __cause__(self):
        return Endless()


raise Endless
