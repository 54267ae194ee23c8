# expect: exception RecursionError | class: recursion | timeout: 20
import ast

at = dict(lineno=1, col_offset=0, end_lineno=1, end_col_offset=1)
node = ast.Constant(1, **at)
for _ in range(3_000):
    node = ast.UnaryOp(ast.Not(), node, **at)
compile(ast.Expression(node), "tree", "eval")
