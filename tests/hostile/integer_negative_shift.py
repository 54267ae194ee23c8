# expect: exception ValueError | class: integer
1 << -1
