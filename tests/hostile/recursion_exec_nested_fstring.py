# expect: exception SyntaxError | class: recursion | timeout: 10
exec("f'{" * 1_000 + "1" + "}'" * 1_000)
