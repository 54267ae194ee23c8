# expect: exception RecursionError | class: recursion | timeout: 20
source = "exec(source)"
exec(source)
