# expect: exception SyntaxError | class: object
e = SyntaxError("x")
e.msg, e.filename, e.lineno, e.offset, e.text, e.print_file_and_line = [], 4, "many", object(), 5, 1
raise e
