# expect: exception SyntaxError | class: text
exec("x = 1\0\ny = 2")
