# expect: timeout | class: loop | timeout: 0.4
"""The old sequence protocol, never an IndexError."""


class Tar:
    def __getitem__(self, index):
        return index


-1 in Tar()
