# expect: ok | class: loop | stdout: done
"""Alive when the program ends: nothing that comes after may hang."""
import builtins


class Grave:
    def __del__(self):
        while True:
            pass


builtins.grave = Grave()
print("done")
