# expect: exception ValueError | class: object
e = ValueError("x")
e.__notes__ = [1, None, "\ud800", object(), e]
raise e
