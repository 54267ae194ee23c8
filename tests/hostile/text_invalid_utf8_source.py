# expect: exception SyntaxError | class: text
exec(b"x = '\xff\xfe'")
