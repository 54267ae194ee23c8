# expect: exception RecursionError | class: recursion | timeout: 20
import ast

at = dict(lineno=1, col_offset=0, end_lineno=1, end_col_offset=1)
node = ast.UnaryOp(ast.Not(), None, **at)
node.operand = node
compile(ast.Expression(node), "tree", "eval")
