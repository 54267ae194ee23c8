# expect: ok | class: output
"""The first half of a character, and no more."""
import os

os.write(1, "\u2603".encode()[:2])
