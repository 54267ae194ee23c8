# expect: exception TypeError | class: object
class Meta(type):
    def mro(cls):
        return [dict]


try:

    class A(metaclass=Meta):
        pass

    A().x
except AttributeError:
    pass
