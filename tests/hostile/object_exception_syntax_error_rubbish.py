# expect: exception SyntaxError | class: object
raise SyntaxError("x", ("f", -5, 10**12, "\0" * 1_000, -1, -(10**12)))
