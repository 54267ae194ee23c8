# expect: timeout | class: integer | timeout: 0.4
10 ** 10 ** 8
