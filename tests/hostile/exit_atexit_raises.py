# expect: ok | class: exit
import atexit


@atexit.register
def late():
    raise SystemExit(9)
