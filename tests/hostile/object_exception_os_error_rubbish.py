# expect: exception OSError | class: object
raise OSError(10**30, object(), b"\xff", 5, [])
