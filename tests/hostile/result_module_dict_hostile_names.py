# expect: exception NameError | class: result | function: main | timeout: 0.4
"""The runner sorts the names it knows to tell which there are."""


class Name(str):
    def startswith(self, prefix):
        while True:
            pass

    __hash__ = str.__hash__


globals()[Name("a")] = print
