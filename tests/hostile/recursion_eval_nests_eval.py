# expect: exception RecursionError | class: recursion | timeout: 20
source = "eval(source)"
eval(source)
