# expect: exception IndexError | class: integer
[1][1 << 100]
