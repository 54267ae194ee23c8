# expect: timeout | class: loop | timeout: 0.4
sum(range(10**18))
