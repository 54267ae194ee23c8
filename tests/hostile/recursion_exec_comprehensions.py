# expect: exception SyntaxError | class: recursion | timeout: 10
exec("[" * 1_000 + "1" + " for x in y]" * 1_000)
