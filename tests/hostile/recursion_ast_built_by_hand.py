# expect: exception RecursionError | class: recursion | timeout: 20
"""No parser saw this tree."""
import ast

node = ast.Constant(1)
for _ in range(3_000):
    node = ast.UnaryOp(ast.Not(), node)
tree = ast.Expression(node)
ast.fix_missing_locations(tree)
try:
    compile(tree, "tree", "eval")
except RecursionError:
    raise RecursionError("caught") from None
