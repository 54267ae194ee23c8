# expect: ok | class: integer | stdout: 0 -1
print(1 >> (1 << 100), -1 >> (1 << 100))
