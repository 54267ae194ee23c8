# expect: ok | class: exit | stdout: still here
class Grave:
    def __del__(self):
        raise SystemExit(3)


Grave()
print("still here")
