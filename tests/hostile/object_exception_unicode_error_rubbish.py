# expect: exception UnicodeDecodeError | class: object
e = UnicodeDecodeError("utf-8", b"x", 0, 1, "r")
e.start, e.end, e.object = 10**9, -(10**9), b""
raise e
