# expect: exception SyntaxError | class: recursion | timeout: 10
compile("(" * 1_000_000, "deep", "eval")
