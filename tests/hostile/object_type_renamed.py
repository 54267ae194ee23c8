# expect: exception ValueError | class: object
class A:
    pass


A.__name__ = "x\0y"
