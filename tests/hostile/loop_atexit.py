# expect: ok | class: loop | stdout: done
"""Handlers never run here: the instance is thrown away."""
import atexit


@atexit.register
def forever():
    while True:
        pass


print("done")
