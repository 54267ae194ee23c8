# expect: ok | class: loop | stdout: done
"""Left suspended at the end: nobody waits for its finally."""


def stubborn():
    try:
        yield
    finally:
        while True:
            pass


import builtins

builtins.keep = stubborn()
next(builtins.keep)
print("done")
