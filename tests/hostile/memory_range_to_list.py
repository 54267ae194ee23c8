# expect: exception OverflowError | class: memory | timeout: 20
list(range(10**12))
