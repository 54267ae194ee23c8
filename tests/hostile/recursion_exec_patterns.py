# expect: exception SyntaxError | class: recursion | timeout: 10
exec("match 1:\n case " + "[" * 5_000 + "]" * 5_000 + ": pass")
