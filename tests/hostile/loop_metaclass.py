# expect: timeout | class: loop | timeout: 0.4
class Meta(type):
    def __instancecheck__(cls, other):
        while True:
            pass


class Tar(metaclass=Meta):
    pass


isinstance(1, Tar)
