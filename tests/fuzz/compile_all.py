"""Compiles each program in programs.json and prints whether it can be: `ok`, or the exception's type."""

import ast, json, warnings

warnings.simplefilter("ignore")
for number, program in enumerate(json.load(open("programs.json", encoding="utf-8"))):
    try:
        compile(program, "<program>", "exec")
        tree = ast.parse(program)
        print(number, "ok", ast.unparse(ast.parse(ast.unparse(tree))) == ast.unparse(tree))
    except BaseException as error:
        print(number, "raises", type(error).__name__)
