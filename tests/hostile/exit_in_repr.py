# expect: exception SystemExit | class: exit | error: exit code 2
class Door:
    def __repr__(self):
        raise SystemExit(2)


print([Door()])
