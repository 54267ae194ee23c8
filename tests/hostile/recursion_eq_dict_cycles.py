# expect: exception RecursionError | class: recursion | timeout: 10
a, b = {}, {}
a[0], b[0] = b, a
a == b
