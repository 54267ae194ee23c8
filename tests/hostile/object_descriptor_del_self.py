# expect: exception AttributeError | class: object
class D:
    def __get__(self, instance, owner):
        del owner.x
        return owner.x


class A:
    x = D()


A().x
