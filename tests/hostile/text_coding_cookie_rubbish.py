# expect: exception SyntaxError | class: text
exec(b"# -*- coding: no-such-thing -*-\nx = 1")
