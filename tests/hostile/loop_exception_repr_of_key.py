# expect: timeout | class: loop | timeout: 0.4
"""KeyError shows the repr of its key."""


class Tar:
    def __repr__(self):
        while True:
            pass


{}[Tar()]
