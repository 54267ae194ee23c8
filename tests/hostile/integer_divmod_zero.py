# expect: exception ZeroDivisionError | class: integer
divmod(1 << 10_000, 0)
