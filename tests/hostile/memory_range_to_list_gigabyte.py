# expect: memory_limit | class: memory | timeout: 20
list(range(10**8))
