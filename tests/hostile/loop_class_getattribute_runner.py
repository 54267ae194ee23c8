# expect: timeout | class: loop | timeout: 0.4
"""The loop starts when the runner looks at the exception."""


class Tar(Exception):
    def __str__(self):
        while True:
            pass


raise Tar
