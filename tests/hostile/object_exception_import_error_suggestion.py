# expect: exception ImportError | class: object
raise ImportError("x", name=5, path=object(), name_from=[])
