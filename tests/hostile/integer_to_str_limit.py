# expect: exception ValueError | class: integer | error: limit
str(1 << 100_000)
