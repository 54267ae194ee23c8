# expect: timeout | class: poison | timeout: 0.4
import sys


def forever(frame, event, argument):
    while True:
        pass


sys.settrace(forever)
(lambda: 0)()
