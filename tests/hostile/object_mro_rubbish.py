# expect: exception TypeError | class: object
class Meta(type):
    def mro(cls):
        return [cls, 42, None]


class A(metaclass=Meta):
    pass


A().x
