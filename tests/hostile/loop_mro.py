# expect: timeout | class: loop | timeout: 0.4
class Meta(type):
    def mro(cls):
        while True:
            pass


class Tar(metaclass=Meta):
    pass
