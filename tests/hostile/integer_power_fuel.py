# expect: fuel_limit | class: integer | fuel: 300000000 | timeout: 20
3 ** (10**7)
