# expect: memory_limit | class: memory | timeout: 20
s = "\N{SNOWMAN}"
while True:
    s = f"{s}{s}"
