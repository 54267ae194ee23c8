# expect: exception OverflowError | class: memory
[0] * 10**10
