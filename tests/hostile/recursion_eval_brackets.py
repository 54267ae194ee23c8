# expect: exception SyntaxError | class: recursion | timeout: 10
eval("[" * 10_000 + "]" * 10_000)
