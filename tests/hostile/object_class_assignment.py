# expect: exception TypeError | class: object
x = [1]
x.__class__ = dict
