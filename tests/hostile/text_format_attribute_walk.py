# expect: ok | class: escape | stdout: <class 'int'>
"""Format strings reach attributes; there is nothing behind them."""
print("{0.__class__}".format(1))
