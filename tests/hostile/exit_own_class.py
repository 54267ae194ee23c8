# expect: exception SystemExit | class: exit | error: exit code 5
class Leave(SystemExit, ValueError):
    pass


raise Leave(5)
