# expect: exception OverflowError | class: integer
len(range(10**30))
