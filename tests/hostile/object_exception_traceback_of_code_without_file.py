# expect: exception ZeroDivisionError | class: object
code = compile("\n\n1/0", "\0/\ud800/../../etc/passwd", "exec") if False else compile("\n\n1/0", "/etc/passwd", "exec")
exec(code)
