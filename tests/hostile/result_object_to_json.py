# expect: exception TypeError | class: result | function: main
"""None of these methods may be asked."""


class Tar:
    def to_json(self):
        while True:
            pass

    __json__ = toJSON = __iter__ = __str__ = __repr__ = __reduce__ = __dict__ = __getattr__ = to_json


def main():
    return Tar()
