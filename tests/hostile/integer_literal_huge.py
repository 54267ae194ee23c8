# expect: exception SyntaxError | class: integer
exec("n = " + "9" * 100_000)
