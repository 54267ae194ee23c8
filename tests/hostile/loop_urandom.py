# expect: timeout | class: loop | timeout: 0.4
"""Every turn is a call out to the host."""
import os

while True:
    os.urandom(65536)
