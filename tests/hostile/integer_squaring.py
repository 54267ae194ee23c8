# expect: timeout | class: integer | timeout: 0.4
n = 3
while True:
    n *= n
