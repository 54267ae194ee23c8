# expect: ok | class: object | stdout: 1
class Thing:
    def __hash__(self):
        return -(10**100)


print(len({Thing()}))
