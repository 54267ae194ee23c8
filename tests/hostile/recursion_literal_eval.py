# expect: exception SyntaxError | class: recursion | timeout: 20
import ast

ast.literal_eval("[" * 10_000 + "]" * 10_000)
