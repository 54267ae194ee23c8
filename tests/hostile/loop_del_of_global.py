# expect: timeout | class: loop | stdout: done | timeout: 0.4
"""A script.s names go when it ends, within its time."""


class Grave:
    def __del__(self):
        while True:
            pass


grave = Grave()
print("done")
