# expect: timeout | class: poison | timeout: 0.4
import traceback


def forever(*a, **k):
    while True:
        pass


traceback.TracebackException = forever
raise ValueError("x")
