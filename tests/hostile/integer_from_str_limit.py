# expect: exception ValueError | class: integer | error: limit
int("9" * 100_000)
