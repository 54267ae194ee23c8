# expect: fuel_limit | class: loop | fuel: 300000000 | timeout: 10
while True:
    pass
