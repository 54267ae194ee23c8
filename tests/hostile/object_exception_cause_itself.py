# expect: exception ValueError | class: object
e = ValueError("self-made")
e.__cause__ = e
raise e
