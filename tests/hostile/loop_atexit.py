# expect: timeout | class: loop | stdout: done | timeout: 0.4
"""Handlers run when the program ends, within its time."""
import atexit


@atexit.register
def forever():
    while True:
        pass


print("done")
