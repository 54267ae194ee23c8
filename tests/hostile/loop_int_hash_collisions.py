# expect: timeout | class: loop | timeout: 0.4
"""int's hash is modulo 2**61 - 1: all of these hash alike."""
crowd = {}
for n in range(10**6):
    crowd[n * (2**61 - 1)] = n
