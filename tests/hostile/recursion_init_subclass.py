# expect: exception RecursionError | class: recursion | timeout: 20
import sys


class Loop:
    def __init_subclass__(cls):
        type("Sub", (cls,), {})


sys.setrecursionlimit(200)


class Start(Loop):
    pass
