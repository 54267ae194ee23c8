# expect: exception OverflowError | class: memory | timeout: 20
"""The compiler folds constants: it must not fold this one into memory."""
exec("x = 'y' * 2**31")
