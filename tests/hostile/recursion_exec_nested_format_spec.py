# expect: exception SyntaxError | class: recursion | timeout: 20
exec("f'" + "{1:" * 2_000 + "}" * 2_000 + "'")
