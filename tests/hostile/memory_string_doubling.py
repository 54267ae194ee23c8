# expect: memory_limit | class: memory | timeout: 20
s = "x"
while True:
    s += s
