# expect: exception AttributeError | class: poison
"""A mapping proxy that hands its real dict to a stranger's __eq__."""


class Thief:
    def __eq__(self, other):
        other["forged"] = lambda self: "forged"
        return True


int.__dict__ == Thief()
print((1).forged())
