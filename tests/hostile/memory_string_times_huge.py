# expect: exception OverflowError | class: memory
"x" * 10**10
