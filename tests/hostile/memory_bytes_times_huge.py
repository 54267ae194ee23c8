# expect: exception OverflowError | class: memory
b"x" * 10**10
