# expect: ok | class: exit
class Exit(SystemExit):
    @property
    def code(self):
        return 1 / 0


raise Exit
