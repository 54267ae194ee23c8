# expect: exception SyntaxError | class: recursion | timeout: 10
import ast

ast.parse("(" * 10_000 + ")" * 10_000)
