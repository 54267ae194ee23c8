# expect: exception SyntaxError | class: text
exec("access\u202e = 1")
