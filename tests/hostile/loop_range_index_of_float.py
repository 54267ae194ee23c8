# expect: timeout | class: loop | timeout: 0.4
"""A float that is no int: membership walks the whole range."""
0.5 in range(10**18)
