# expect: exception RecursionError | class: recursion | timeout: 20
import ast

ast.dump(ast.parse("-" * 5_000 + "1"))
