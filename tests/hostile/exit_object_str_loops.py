# expect: timeout | class: exit | timeout: 0.4
class Tar:
    def __str__(self):
        while True:
            pass


raise SystemExit(Tar())
