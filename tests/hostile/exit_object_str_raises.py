# expect: exception SystemExit | class: exit | error: exit code 1
class Tar:
    def __str__(self):
        raise ValueError


raise SystemExit(Tar())
