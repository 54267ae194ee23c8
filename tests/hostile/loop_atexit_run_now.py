# expect: timeout | class: loop | timeout: 0.4
import atexit


@atexit.register
def forever():
    while True:
        pass


atexit._run_exitfuncs()
