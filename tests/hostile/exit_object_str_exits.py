# expect: exception SystemExit | class: exit | error: exit code 1
class Tar:
    def __str__(self):
        raise SystemExit(self)


raise SystemExit(Tar())
