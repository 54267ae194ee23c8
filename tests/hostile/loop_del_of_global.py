# expect: ok | class: loop | stdout: done
"""A module global is not torn down: the instance is thrown away."""


class Grave:
    def __del__(self):
        while True:
            pass


grave = Grave()
print("done")
